package popen

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// Drain is a pipe from a process to a writer. It is read to the end even if the writer fails, so that the process never
// blocks on it for longer than the writer does.
type Drain struct {
	r    *os.File
	w    *sys.ChildEnd
	sink io.Writer
	last atomic.Bool // the process has ended
	done chan struct{}
}

// NewDrain makes a pipe whose bytes go to sink, one Write at a time. Give it to Start, which closes it in the end.
func NewDrain(sink io.Writer) (*Drain, error) {
	r, w, err := sys.Pipe()
	if err != nil {
		return nil, err
	}
	return &Drain{r: r, w: w, sink: sink, done: make(chan struct{})}, nil
}

// WriteEnd is the child's end; Start closes ours.
func (d *Drain) WriteEnd() *sys.ChildEnd { return d.w }

// Close closes a drain that was never given to Start.
func (d *Drain) Close() {
	d.w.Close()
	d.r.Close()
}

// run reads the pipe to its end. Once the process has ended, run also stops when nothing has come for outputGrace, or when more
// has come than a pipe can hold: the rest is from another process that still holds the write end.
func (d *Drain) run() {
	defer close(d.done)
	buf := make([]byte, 32<<10)
	for rest := drainLimit; rest > 0; {
		last := d.last.Load()
		if last {
			d.r.SetReadDeadline(time.Now().Add(outputGrace))
		}
		n, err := d.r.Read(buf)
		if last && errors.Is(err, os.ErrDeadlineExceeded) {
			n, err = sys.ReadNow(d.r, buf) // Read has not even looked if the deadline passed before it got the processor
		}
		d.sink.Write(buf[:n])
		if last {
			rest -= n
		}
		if err != nil && (last || !errors.Is(err, os.ErrDeadlineExceeded)) {
			break
		}
	}
	if f, ok := d.sink.(interface{ flush() }); ok {
		f.flush()
	}
}

// drainLimit is at least what a pipe holds: 64 KiB on Linux unless it was made larger, 256 KiB on Windows.
const drainLimit = 1 << 20

// end tells run that the process has ended. run still reads what is in the pipe, however long ago it was written.
func (d *Drain) end() {
	// The order matters. When run wakes up before last is set, it tries again. If last were set first, run could set its own,
	// later deadline before this call overwrites it, and stop too early.
	d.r.SetReadDeadline(time.Now())
	d.last.Store(true)
}

// finish waits for the end of run, until deadline at most: a writer that never returns blocks run, not the caller.
func (d *Drain) finish(deadline time.Time) {
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case <-d.done:
	case <-timer.C:
	}
	d.r.Close()
}
