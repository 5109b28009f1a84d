package dataloader

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// ErrQuarantined is what errors.Is finds in the error of a sample that is not got any more because it has killed its workers.
var ErrQuarantined = errors.New("mp: quarantined")

// ErrBusy is the error of an Epoch that is begun, or a Restore that is called, while another Epoch runs.
var ErrBusy = errors.New("mp: the loader is at an epoch already; one runs at a time")

func init() {
	spawn.RegisterError("mp.dataloader.ErrQuarantined", ErrQuarantined)
	spawn.RegisterError("mp.dataloader.ErrBusy", ErrBusy)
}

// tooLate is the error of a worker that was killed at its deadline. Its text names the limit; that of exit would name the signal.
type tooLate struct {
	text string
	exit *spawn.ExitError
}

func (e *tooLate) Error() string   { return e.text }
func (e *tooLate) Unwrap() []error { return []error{spawn.ErrTimeout, e.exit} }

// SampleError says that a sample, or a batch, could not be got.
type SampleError struct {
	Dataset string // the registered name
	Index   int    // of the sample; −1: the batch is to blame, or it is not known which of its samples
	Batch   int    // in the epoch, from 0
	Indices []int  // of the batch, or of the part of it that was tried
	Worker  string // the name of the worker, the last one if there were several
	Pid     int    // of that worker; with Workers 0 this process
	// Attempts is how many times it was tried.
	Attempts int
	// Err is why: errors.As finds a *spawn.RemoteError in it, or a *spawn.ExitError for a worker that died, also if it was killed
	// at its Timeout. It finds neither if the worker's loop has returned too early, as when it cannot receive orders any more.
	// errors.Is finds ErrTimeout and ErrQuarantined in the SampleError if they apply.
	Err error

	late, quarantined bool
	skipped           bool // by the policy
}

// Samples returns the indices that the epoch lacks because of the error: with Skip the sample, or the whole batch if it is not
// known which sample; with Fail the batch. Samples of an IterableDataset have no indices, and it returns none.
func (e *SampleError) Samples() []int {
	if e.skipped && e.Index >= 0 {
		return []int{e.Index}
	}
	return slices.Clone(e.Indices)
}

// Error names the sample.
func (e *SampleError) Error() string {
	var b strings.Builder
	if e.Index >= 0 {
		fmt.Fprintf(&b, "mp: sample %d of %s (batch %d)", e.Index, e.Dataset, e.Batch)
	} else {
		fmt.Fprintf(&b, "mp: batch %d of %s", e.Batch, e.Dataset)
		if len(e.Indices) > 0 {
			fmt.Fprintf(&b, " (samples %s)", list(e.Indices))
		}
	}
	switch {
	case e.late && e.quarantined:
		b.WriteString(" was not ready in time and is quarantined")
	case e.late:
		b.WriteString(" was not ready in time")
	case e.quarantined:
		b.WriteString(" is quarantined")
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " after %d attempts", e.Attempts)
	}
	fmt.Fprintf(&b, ": %s", spawn.Inner(e.Err))
	return b.String()
}

// Unwrap returns what errors.Is and errors.As look into.
func (e *SampleError) Unwrap() []error {
	errs := []error{e.Err}
	if e.late {
		errs = append(errs, spawn.ErrTimeout)
	}
	if e.quarantined {
		errs = append(errs, ErrQuarantined)
	}
	return errs
}

// list writes a few numbers.
func list(indices []int) string {
	const most = 16
	var b strings.Builder
	for i, n := range indices {
		switch {
		case i == most:
			fmt.Fprintf(&b, " … %d in all", len(indices))
			return b.String()
		case i > 0:
			b.WriteByte(' ')
		}
		fmt.Fprint(&b, n)
	}
	return b.String()
}
