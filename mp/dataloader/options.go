package dataloader

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Options of a Loader. A nil *Options and zero values stand for the defaults. New returns an error for values that make no sense.
// docs/DATALOADER.md has PyTorch's names for the fields.
type Options struct {
	// BatchSize is how many samples a batch has; 0: 1. The last batch of an epoch has the samples that are left, unless DropLast.
	BatchSize int
	// Workers is the number of worker processes. 0: none, and the goroutine of the Epoch loop makes each batch when it needs it.
	// Unlike in a pool, 0 does not stand for the number of processors: how many workers pay depends on the dataset.
	Workers int
	// Prefetch is how many batches each worker may be ahead of the Epoch loop; 0: 2. It bounds the memory: at most
	// Prefetch × Workers batches exist besides the one that the loop has taken. With View that one counts, too: its worker makes
	// one batch less meanwhile, and a single worker with Prefetch 1 makes none. With Workers 0 no batch is made ahead.
	Prefetch int
	// Shuffle takes the samples in a new random order in each epoch, which depends on Seed and the epoch alone.
	Shuffle bool
	// DropLast leaves the last batch out when it is shorter than the others; of an IterableDataset, the last batch of each worker.
	DropLast bool
	// Persistent keeps the workers, and their datasets open, from one epoch to the next. Otherwise they end with the epoch. With
	// Workers 0 the dataset stays open in any case.
	Persistent bool
	// View yields batches that lie in memory which is used again: a batch is valid only until the next iteration, and counts for
	// Prefetch until then. Without View, batches are copies that the program may keep. With Workers 0 there is no such memory,
	// and the program may keep every batch.
	View bool
	// Seed decides everything that is random: the order, Rand and WorkerInfo.Seed. The same seed makes the same epochs in every
	// run of the program. 0 is a seed like any other.
	Seed uint64
	// Timeout bounds the time for each batch, from when its worker begins it; 0: no bound. At its end the ctx of the batch ends,
	// and KillDelay later the worker is killed and replaced. The sample that the worker was at is to blame: after Retries it is
	// handled as OnError says, and errors.Is finds ErrTimeout in its error. Without Timeout, a sample that never ends, or a worker
	// that was stopped, holds up the epoch. With Workers 0 nothing is killed: a late sample that ignores its ctx is noticed only
	// when it is there. A worker that begins an IterableDataset in its middle also gets the time of the batches that it skips.
	Timeout time.Duration

	// Sampler says which samples an epoch has and in which order. It takes the place of Shuffle.
	Sampler Sampler
	// BatchSampler says which samples each batch has. It takes the place of BatchSize, Shuffle, DropLast and Sampler.
	BatchSampler BatchSampler
	// Order is the order in which batches come: InOrder by default, Unordered or Window(n). With Workers 0 it is always InOrder.
	Order Order

	// OnError says what becomes of a sample that fails, kills its workers, or takes too long: Fail by default, or Skip.
	OnError Policy
	// OnSkip is called for each sample that is left out, in the goroutine of the Epoch loop, just before the batch that lacks the
	// sample is yielded, or would be. For a batch that is left out as a whole it is called once. nil: Stats has the last one.
	OnSkip func(*SampleError)
	// Retries is how many times a sample, or a batch, is tried again that returned an error, panicked or took too long. An
	// IterableDataset yields no sample twice: there, only a collate function that returned an error or panicked is tried again.
	Retries int
	// CrashRetries is how many times a sample is tried again whose worker died; 0: once; negative: never. After the last try the
	// sample is quarantined: this Loader never gets it again, and handles it as OnError says. A sample whose worker had to be
	// killed at its Timeout is quarantined, too, but after Retries. With Workers 0 a sample that kills ends the program.
	CrashRetries int

	// WorkerInit runs in every worker when the dataset is open, before the first batch; Worker tells it which worker it is in.
	// When it fails, New fails. With Workers 0 it runs in this process. With Persistent or Workers 0 it runs once, not once for
	// each epoch: a generator that it seeds with WorkerInfo.Seed goes on in the next epoch.
	WorkerInit spawn.Initializer
	// InitTimeout bounds the opening of the dataset and WorkerInit together; 0: five minutes. KillDelay later the worker is
	// killed.
	InitTimeout time.Duration
	// KillDelay is the time between asking a worker to stop and killing it. 0: one second; negative: it is killed at once. When
	// the program leaves an Epoch loop, Persistent workers have at least a second to drop what they are making. With Workers 0
	// nothing is killed.
	KillDelay time.Duration
	// Dir is the working directory of the workers; default: ours. It is an error with Workers 0.
	Dir string
	// Env is the whole environment of the workers, as in exec.Cmd; nil: ours. It is an error with Workers 0.
	Env []string
	// Limits bound the resources of each worker; none by default. They are an error with Workers 0, unless BestEffort.
	Limits spawn.Limits
	// Stdout nil: the workers write to our standard output directly, as they do to a *os.File. Stderr nil: this process passes
	// what they write on to its own. Other writers are given whole lines, by several goroutines at once. With Workers 0 they are
	// given nothing: the dataset writes to the output of this process.
	Stdout, Stderr io.Writer
	// Name is the prefix of the workers' names; default: LoaderWorker. With Workers 0 errors have the name of this process.
	Name string
}

// Policy says what happens when a sample cannot be got.
type Policy int

const (
	// Fail yields the error, a *SampleError, in the place of the batch, and the epoch ends with it.
	Fail Policy = iota
	// Skip leaves the sample out and goes on: its batch is shorter, and is left out if no sample remains. Stats counts the sample.
	// An IterableDataset cannot go on after a panic of its own, a Timeout or deaths of its workers: they end the epoch as with Fail.
	Skip
)

const (
	defaultInitTimeout = 5 * time.Minute
	defaultPrefetch    = 2
	crashRetries       = 1
)

// check fills in the defaults, or returns what is wrong.
func (o *Options) check(src *source) error {
	switch {
	case src.open == nil:
		return errors.New("mp: the source is empty: With of what Register returned makes one")
	case o.BatchSize < 0:
		return fmt.Errorf("mp: BatchSize is %d; it must be at least 1, or 0 for 1", o.BatchSize)
	case o.Workers < 0:
		return fmt.Errorf("mp: Workers is %d; the number of workers must be at least 1, or 0 to get the samples in this process", o.Workers)
	case o.Prefetch < 0:
		return fmt.Errorf("mp: Prefetch is %d; it must be at least 1, or 0 for %d", o.Prefetch, defaultPrefetch)
	case o.Timeout < 0:
		return fmt.Errorf("mp: Timeout is %v; it must be positive, or 0 for no limit", o.Timeout)
	case o.InitTimeout < 0:
		return fmt.Errorf("mp: InitTimeout is %v; it must be positive, or 0 for %v", o.InitTimeout, defaultInitTimeout)
	case o.Retries < 0:
		return fmt.Errorf("mp: Retries is %d; it must not be negative", o.Retries)
	case o.OnError != Fail && o.OnError != Skip:
		return fmt.Errorf("mp: OnError is %d; it must be Fail or Skip", o.OnError)
	case o.Order.window == badWindow:
		return errors.New("mp: Order: a Window must be of 0 batches at least; Unordered has no bound")
	case o.Workers == 0 && o.Limits.Fences() && !o.Limits.BestEffort:
		return errors.New("mp: Limits are for worker processes, and with Workers 0 there are none: leave them away, or set Limits.BestEffort")
	case o.Workers == 0 && (o.Dir != "" || o.Env != nil):
		return errors.New("mp: Dir and Env are for worker processes, and with Workers 0 there are none")
	}
	if err := o.checkSampler(src); err != nil {
		return err
	}
	if err := o.Limits.Check(); err != nil {
		return err
	}
	o.fill()
	return checkSampler(o.batchSampler(), lengthUnknown)
}

func (o *Options) checkSampler(src *source) error {
	sampled := o.Sampler != nil || o.BatchSampler != nil
	switch {
	case src.iterable && (sampled || o.Shuffle):
		return errors.New("mp: an IterableDataset yields its samples in its own order: Shuffle, Sampler and BatchSampler are for a Dataset")
	case o.Sampler != nil && o.Shuffle:
		return errors.New("mp: Shuffle and Sampler exclude each other: the Sampler makes the order")
	case o.BatchSampler != nil && (o.BatchSize > 0 || o.Shuffle || o.DropLast || o.Sampler != nil):
		return errors.New("mp: BatchSampler takes the place of BatchSize, Shuffle, DropLast and Sampler, which must not be set")
	}
	return nil
}

func (o *Options) fill() {
	if o.BatchSize == 0 {
		o.BatchSize = 1
	}
	if o.Prefetch == 0 {
		o.Prefetch = defaultPrefetch
	}
	if o.CrashRetries == 0 {
		o.CrashRetries = crashRetries
	}
	o.CrashRetries = max(o.CrashRetries, 0)
	if o.InitTimeout == 0 {
		o.InitTimeout = defaultInitTimeout
	}
	if o.KillDelay == 0 {
		o.KillDelay = spawn.DefaultKillDelay
	}
	if o.Name == "" {
		o.Name = "LoaderWorker"
	}
}

func (o *Options) rules() rules {
	return rules{Retries: o.Retries, Skip: o.OnError == Skip, DropLast: o.DropLast}
}

// batchSampler returns o.BatchSampler, or the one that Sampler, Shuffle, BatchSize and DropLast stand for.
func (o *Options) batchSampler() BatchSampler {
	sampler := o.Sampler
	switch {
	case o.BatchSampler != nil:
		return o.BatchSampler
	case sampler != nil:
	case o.Shuffle:
		sampler = Shuffled()
	default:
		sampler = Sequential()
	}
	return Batched(sampler, o.BatchSize, o.DropLast)
}

// from yields the batches of the epoch that s was taken in, without the first s.Delivered. epoch.add leaves out those of s.Ahead.
func (o *Options) from(n int, s *State) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		left := s.Delivered
		for b := range o.batchSampler().Batches(n, s.Seed, s.Epoch) {
			if left--; left < 0 && !yield(b) {
				return
			}
		}
	}
}

// count returns how many batches an epoch of n samples has, or lengthUnknown.
func (o *Options) count(n int) int {
	if n < 0 {
		return lengthUnknown
	}
	return lengthOf(o.batchSampler(), n)
}
