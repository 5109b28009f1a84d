package pool

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Options of a pool. Nil and zero values are the defaults. Values that make no sense are an error of New.
//
// Of Python's Pool these are processes (Workers), initializer with initargs (Init) and maxtasksperchild (MaxTasksPerWorker);
// it has nothing like the others.
type Options struct {
	// Workers is the number of worker processes; 0: as many as processors.
	Workers int
	// Init runs in every worker before its first task. When it fails, New fails; when it fails in a replacement, the
	// replacement is tried again, more and more slowly. The pool has copies of the files in its argument until it has ended:
	// when New returns, they are the caller's again.
	Init spawn.Initializer
	// InitTimeout bounds Init; 0: five minutes. Its ctx ends then, and after KillDelay the worker is killed. It counts as
	// failed, with ErrTimeout.
	InitTimeout time.Duration
	// MaxTasksPerWorker replaces a worker after so many tasks; 0: never.
	MaxTasksPerWorker int
	// MaxMemoryPerWorker replaces a worker that uses more bytes of memory than this when it has ended a task; 0: never. It
	// is looked at after a task, but not more often than every 10 ms. What stops a task that uses too much is Limits.Memory.
	MaxMemoryPerWorker int64
	// IdleTimeout ends a worker that has had nothing to do for so long; 0: never. When there is work for more workers than
	// are left, they are started again.
	IdleTimeout time.Duration
	// Spares is how many processes wait to take the place of a worker that died, was recycled or had left for want of work;
	// 0: none. They have run the program's init functions already, not Init. The first ones are made once New has returned,
	// others whenever one was taken. Each takes the memory of an idle worker before its Init, and some descriptors here; its
	// Limits hold from the beginning. What a process is given at its start is that of the spare: one is not used any more
	// when this process has changed its environment, its directory, its user or groups, os.Stdout or os.Stderr, or while
	// MP_DEBUG_WAIT is set. Stats and OnEvent tell of spares only once they are workers.
	Spares int
	// TaskTimeout bounds every task from its start; 0: no bound. The ctx of the function ends then, and after KillDelay
	// the worker is killed. In the error of the item, errors.Is finds ErrTimeout.
	TaskTimeout time.Duration
	// KillDelay is the time between asking a task or a worker to stop and killing the worker. 0: one second; negative:
	// it is killed at once.
	KillDelay time.Duration
	// Retries is how many times an item is run again whose function returned an error or panicked.
	Retries int
	// CrashRetries is how many times an item is run again whose worker died or had to be killed; 0: as many as Retries;
	// negative: never. An item that has used up one or more of them is quarantined: see ErrQuarantined.
	CrashRetries int
	// InProcess runs the workers as goroutines of this process: for debuggers. Arguments and results are encoded and
	// copied all the same, but a crash is everybody's crash, and what does not end by itself cannot be ended: it is
	// left behind. A file in a result passes to the caller here too: the function's own is closed. What the workers print goes where
	// this process prints: Stdout and Stderr are given nothing.
	InProcess bool
	// Dir is the working directory of the workers; default: ours.
	Dir string
	// Env is the whole environment of the workers, as in exec.Cmd; nil: ours. GOCOVERDIR is kept.
	Env []string
	// Limits are the fences around each worker, not around all of them together; none by default. What a worker dies of at
	// its limit is the error of the item that it was at.
	Limits spawn.Limits
	// Stdout nil: the workers write to our standard output themselves, and to a *os.File too. Stderr nil: what they write,
	// the dump of a fatal error among it, is passed on to ours. Other writers are given whole lines, by several goroutines
	// at once. InProcess they are given nothing.
	Stdout, Stderr io.Writer
	// Name is the prefix of the workers' names; default: PoolWorker.
	Name string
	// Logger hears of workers that start, die and are replaced; nil: the log of the library, which is silent until LogToStderr,
	// or package logging, gives it somewhere to go.
	Logger Logger
	// OnEvent hears of what happens to workers and items, one event at a time and in order, in a goroutine of its own: it
	// may be slow, while the pool keeps what it has not heard, and may call the pool, even Close. Nothing waits for it, so
	// that it may hear the last events after Close has returned. When it panics, the program ends.
	OnEvent func(Event)
}

// Logger is what a pool says things to; a hclog.Logger is one, and so is a *slog.Logger. It is an interface of our own
// because the packages behind hclog take a fifth of the time that an empty process takes to start, in every child.
type Logger interface {
	Debug(msg string, args ...any)
	Warn(msg string, args ...any)
	Error(msg string, args ...any)
}

// defaultInitTimeout is long, for those who load a model.
const defaultInitTimeout = 5 * time.Minute

// check fills in the defaults, or says what is wrong.
func (o *Options) check() error {
	switch {
	case o.Workers < 0:
		return fmt.Errorf("mp: Workers is %d; the number of workers must be at least 1, or 0 for one per processor", o.Workers)
	case o.MaxTasksPerWorker < 0:
		return fmt.Errorf("mp: MaxTasksPerWorker is %d; it must be at least 1, or 0 for no limit", o.MaxTasksPerWorker)
	case o.TaskTimeout < 0:
		return fmt.Errorf("mp: TaskTimeout is %v; it must be positive, or 0 for no limit", o.TaskTimeout)
	case o.Retries < 0:
		return fmt.Errorf("mp: Retries is %d; it must not be negative", o.Retries)
	case o.InitTimeout < 0:
		return fmt.Errorf("mp: InitTimeout is %v; it must be positive, or 0 for %v", o.InitTimeout, defaultInitTimeout)
	case o.MaxMemoryPerWorker < 0:
		return fmt.Errorf("mp: MaxMemoryPerWorker is %d; it must be a number of bytes, or 0 for no limit", o.MaxMemoryPerWorker)
	case o.MaxMemoryPerWorker > 0 && o.InProcess:
		return errors.New("mp: MaxMemoryPerWorker cannot be had InProcess: its workers share the memory of this process")
	case o.MaxMemoryPerWorker > 0 && !spawn.MeasuresMemory:
		return fmt.Errorf("mp: MaxMemoryPerWorker: this system does not tell how much memory another process has: %w", spawn.ErrUnsupported)
	case o.IdleTimeout < 0:
		return fmt.Errorf("mp: IdleTimeout is %v; it must be positive, or 0 for never", o.IdleTimeout)
	case o.Spares < 0:
		return fmt.Errorf("mp: Spares is %d; the number of spare processes must not be negative", o.Spares)
	case o.Spares > 0 && o.InProcess:
		return errors.New("mp: Spares are processes that wait to be workers; with InProcess the workers are goroutines, which need none")
	case o.InProcess && (o.Dir != "" || o.Env != nil):
		return errors.New("mp: Dir and Env are for worker processes; with InProcess the workers are goroutines, which share those of this process")
	case o.InProcess && o.Limits.Fences() && !o.Limits.BestEffort:
		return errors.New("mp: Limits are for worker processes; with InProcess the workers are goroutines, which cannot be fenced in: leave them away, or set Limits.BestEffort")
	}
	if err := o.Limits.Check(); err != nil {
		return err
	}
	if o.InitTimeout == 0 {
		o.InitTimeout = defaultInitTimeout
	}
	if o.KillDelay == 0 {
		o.KillDelay = spawn.DefaultKillDelay
	}
	if o.Name == "" {
		o.Name = "PoolWorker"
	}
	if o.Logger == nil {
		o.Logger = spawn.Log
	}
	return nil
}

// CallOption changes one call: ChunkSize, Timeout, Retries, CrashRetries, KeepGoing, OnProgress. A value that makes no sense
// is an error of the call.
type CallOption func(*callOptions)

type callOptions struct {
	chunk        int // ChunkSize; 0: measured
	timeout      time.Duration
	retries      int
	crashRetries int // 0: as retries; negative: none
	keepGoing    bool
	progress     func(Progress)
	err          error
}

// ChunkSize sends at least n items to a worker at a time, and of quick ones a multiple of n, rather than as many as measured
// times suggest; fewer where there are no more, a message is full, items run again, or hold what one process has at a time, such
// as an end of a Pipe. It is about speed only: each item has its own result, its own timeout and its own blame. It is chunksize of
// Python's Pool.map.
func ChunkSize(n int) CallOption {
	return func(o *callOptions) {
		if n < 1 {
			o.err = errors.Join(o.err, fmt.Errorf("mp: ChunkSize(%d): it must be at least 1", n))
		}
		o.chunk = n
	}
}

// Timeout bounds each item, from the time at which a worker starts it; it takes the place of TaskTimeout. A worker that
// does not even start an item in that time, because it is frozen, is killed, and the item runs in another one.
func Timeout(d time.Duration) CallOption {
	return func(o *callOptions) {
		if d <= 0 {
			o.err = errors.Join(o.err, fmt.Errorf("mp: Timeout(%v): it must be positive", d))
		}
		o.timeout = d
	}
}

// Retries runs an item up to n times again when its function failed, and, unless CrashRetries says otherwise, when its worker
// died; it takes the place of Options.Retries.
func Retries(n int) CallOption {
	return func(o *callOptions) {
		if n < 0 {
			o.err = errors.Join(o.err, fmt.Errorf("mp: Retries(%d): it must not be negative", n))
		}
		o.retries = n
	}
}

// CrashRetries runs an item up to n times again whose worker died or had to be killed; 0: never. It takes the place of
// Options.CrashRetries.
func CrashRetries(n int) CallOption {
	return func(o *callOptions) {
		if n < 0 {
			o.err = errors.Join(o.err, fmt.Errorf("mp: CrashRetries(%d): it must not be negative", n))
		}
		o.crashRetries = n
		if n == 0 {
			o.crashRetries = -1
		}
	}
}

// KeepGoing makes Map go on after a failure: it returns every result it has, and the failures joined, in the order of
// the items. The other calls go on in any case.
func KeepGoing() CallOption { return func(o *callOptions) { o.keepGoing = true } }
