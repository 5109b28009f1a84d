package dataloader

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Options of a Loader. Nil and zero values are the defaults. Values that make no sense are an error of New. docs/DATALOADER.md
// has what PyTorch calls them.
type Options struct {
	// BatchSize is how many samples a batch has; 0: 1. The last one of an epoch has what is left, unless DropLast.
	BatchSize int
	// Workers is the number of worker processes; 0: none, the goroutine that takes the batches gets them, each when it is asked
	// for. Unlike a pool's, it is not the number of processors then: how many pay depends on what they do.
	Workers int
	// Prefetch is how many batches each worker may be ahead of who takes them; 0: 2. It bounds the memory: no more than
	// Prefetch × Workers batches exist besides the one that was taken. With View that one is among them: its worker gets one batch
	// less meanwhile, so that one worker with Prefetch 1 gets none. With Workers 0 none is got ahead.
	Prefetch int
	// Shuffle takes the samples in a new random order in each epoch, which depends on Seed and the epoch alone.
	Shuffle bool
	// DropLast leaves the last batch out when it is shorter than the others. Of an IterableDataset, it is the last one of each worker.
	DropLast bool
	// Persistent keeps the workers, and their datasets open, from one epoch to the next. Otherwise they end with the epoch. With
	// Workers 0 the dataset stays open in any case.
	Persistent bool
	// View has the batches lie in memory that is used again: one is valid until the next iteration only, and until then counts
	// for Prefetch. Otherwise they are copies that may be kept. With Workers 0 there is no such memory: a batch is what was made,
	// and may be kept.
	View bool
	// Seed is what all that is random comes from: the order, Rand and WorkerInfo.Seed. The same seed makes the same epochs, in
	// every run of the program; 0 is a seed as any.
	Seed uint64
	// Timeout bounds each batch, from when its worker begins it; 0: no bound. Its ctx ends then, and after KillDelay the worker
	// is killed and replaced. Who is to blame is the sample that the worker was at: it is handled as OnError says, after
	// Retries, and in its error, errors.Is finds ErrTimeout. Without it, a sample that never ends, or a worker that was stopped,
	// holds up the epoch. With Workers 0 nothing is killed: that a sample which does not look at its ctx is late is noticed
	// when it is there.
	// A worker that begins an IterableDataset in its middle has the time of the batches that it passes by as well.
	Timeout time.Duration

	// Sampler says which samples an epoch has and in which order. It takes the place of Shuffle.
	Sampler Sampler
	// BatchSampler says which samples each batch has. It takes the place of BatchSize, Shuffle, DropLast and Sampler.
	BatchSampler BatchSampler
	// Order is the order in which batches come: InOrder by default, Unordered or Window(n). With Workers 0 it is in order always.
	Order Order

	// OnError says what becomes of a sample that fails, kills its workers, or takes too long: Fail by default, or Skip.
	OnError Policy
	// OnSkip hears of each sample that is left out, and why, in the goroutine of the Epoch loop, just before the batch that it is
	// missing from is yielded, or would be; only once when a batch is left out as a whole. nil: Stats has the last one.
	OnSkip func(*SampleError)
	// Retries is how many times a sample, or a batch, is got again that returned an error, panicked or took too long. An
	// IterableDataset yields no sample again: there they are for the collate function that returned an error or panicked.
	Retries int
	// CrashRetries is how many times a sample is got again whose worker died; 0: once; negative: never. When that was in
	// vain, it is quarantined: this Loader never gets it again, and handles it as OnError says. So it is when its worker had to be
	// killed at its Timeout, but after Retries. With Workers 0 a sample that kills ends the program.
	CrashRetries int

	// WorkerInit runs in every worker when the dataset is open, before the first batch; Worker tells it which one it is. When
	// it fails, New fails. With Workers 0 it runs in this process. With Persistent or Workers 0 that is once, not once for each
	// epoch: what it makes of WorkerInfo.Seed goes on in the next epoch.
	WorkerInit spawn.Initializer
	// InitTimeout bounds the opening of the dataset and WorkerInit together; 0: five minutes. After KillDelay the worker is
	// killed.
	InitTimeout time.Duration
	// KillDelay is the time between asking a worker to stop and killing it. 0: one second; negative: it is killed at once. A
	// Persistent one that is called off, because an Epoch loop was left, has a second at least to drop what it is at. With
	// Workers 0 nothing is killed.
	KillDelay time.Duration
	// Dir is the working directory of the workers; default: ours. It is an error with Workers 0.
	Dir string
	// Env is the whole environment of the workers, as in exec.Cmd; nil: ours. It is an error with Workers 0.
	Env []string
	// Limits are the fences around each worker; none by default. They are an error with Workers 0, unless BestEffort.
	Limits spawn.Limits
	// Stdout nil: the workers write to our standard output themselves, and to a *os.File too. Stderr nil: what they write is
	// passed on to ours. Other writers are given whole lines, by several goroutines at once. With Workers 0 they are given
	// nothing: what the dataset writes is this process's.
	Stdout, Stderr io.Writer
	// Name is the prefix of the workers' names; default: LoaderWorker. With Workers 0 errors have the name of this process.
	Name string
}

// Policy says what becomes of what cannot be got.
type Policy int

const (
	// Fail yields the error, a *SampleError, in the place of the batch, and the epoch ends with it.
	Fail Policy = iota
	// Skip leaves the sample out and goes on: its batch is shorter, and none when no sample is left of it. Stats counts it.
	// What an IterableDataset does not go on after ends the epoch as with Fail: a panic of it, a Timeout, deaths.
	Skip
)

const (
	defaultInitTimeout = 5 * time.Minute
	defaultPrefetch    = 2
	crashRetries       = 1
)

// check fills in the defaults, or says what is wrong.
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

// batchSampler says what the batches of an epoch are.
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

// from are the batches of an epoch, without those that were yielded in s.
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

// count is how many batches they are; lengthUnknown if that cannot be told.
func (o *Options) count(n int) int {
	if n < 0 {
		return lengthUnknown
	}
	return lengthOf(o.batchSampler(), n)
}
