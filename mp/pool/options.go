package pool

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Options of a pool. Nil and zero values are the defaults. For values that make no sense, New returns an error.
//
// Python's Pool has three of them: processes (Workers), initializer with initargs (Init) and maxtasksperchild
// (MaxTasksPerWorker).
type Options struct {
	// Workers is the number of worker processes; 0: as many as processors.
	Workers int
	// Init runs in every worker before its first task. If it fails, New fails; if it fails in a replacement, the pool
	// starts another one, after longer and longer pauses. The pool keeps copies of the files in its argument until the pool
	// has ended: when New returns, the caller may close its own. What Init makes belongs to the worker: changes that calls
	// make to it end with the worker.
	Init spawn.Initializer
	// InitTimeout bounds Init; 0: five minutes. After that time the ctx of Init ends, and after KillDelay the worker is
	// killed. Init has then failed, with ErrTimeout.
	InitTimeout time.Duration
	// MaxTasksPerWorker replaces a worker after this many tasks; 0: never.
	MaxTasksPerWorker int
	// MaxMemoryPerWorker replaces a worker that uses more bytes of memory than this after a task; 0: never. The pool looks
	// after a task, but at most every 10 ms. It does not stop a task that uses too much: Limits.Memory does.
	MaxMemoryPerWorker int64
	// IdleTimeout ends a worker that has had nothing to do for this long; 0: never. The pool starts workers again when it has
	// more work than the remaining ones can take.
	IdleTimeout time.Duration
	// Spares is how many processes wait to replace a worker that died, was recycled or left because it was idle; 0: none. A
	// spare has run the program's init functions, but not Init. The first spares are started once all workers are ready,
	// another one whenever one is taken. Each takes the memory of an idle worker before its Init, and some descriptors in
	// this process; its Limits hold from the beginning. A spare inherits at its own start what a worker inherits. So it is
	// not used any more when this process has changed its environment, its directory, its user or groups, os.Stdout or
	// os.Stderr, nor while MP_DEBUG_WAIT is set. Stats and OnEvent report spares only once they are workers.
	Spares int
	// TaskTimeout bounds every task from its start; 0: no bound. After that time the ctx of the function ends, and after
	// KillDelay the worker is killed. errors.Is finds ErrTimeout in the error of the item.
	TaskTimeout time.Duration
	// KillDelay is the time between asking a task or a worker to stop and killing the worker. 0: one second; negative:
	// it is killed at once.
	KillDelay time.Duration
	// Retries is how many times an item is run again after its function returned an error or panicked.
	Retries int
	// CrashRetries is how many times an item is run again after its worker died or was killed; 0: as many as Retries;
	// negative: never. An item that has used them up, and had at least one, is quarantined: see ErrQuarantined.
	CrashRetries int
	// InProcess runs the workers as goroutines of this process, for debuggers. Arguments and results are encoded and copied
	// all the same, but a crash ends the whole process, and a function that does not return cannot be killed: its goroutine
	// is left behind. A file in a result passes to the caller here too: the function's own is closed. What the workers
	// print goes where this process prints, and not to Stdout and Stderr. All workers share the globals of this
	// process, and run Init and functions on them at the same time: for an Init or functions that use globals, set Workers
	// to 1. The program has to begin with Main here, too: without it, New returns ErrBootstrapping.
	InProcess bool
	// Dir is the working directory of the workers; default: that of this process.
	Dir string
	// Env is the whole environment of the workers, as in exec.Cmd; nil: that of this process. GOCOVERDIR, MP_DEBUG and
	// MP_DEBUG_WAIT of this process are kept.
	Env []string
	// Limits bound each worker by itself, not all of them together; none by default. If a worker dies at a limit, the error
	// of the item that it was running says so.
	Limits spawn.Limits
	// Stdout gets what the workers print. If it is nil, which means the standard output of this process, or a *os.File, the
	// workers write to it themselves. Stderr gets what they write to standard error, such as the dump of a fatal error,
	// passed on by the pool; nil: the standard error of this process. Other writers are given whole lines, by several
	// goroutines at once. With InProcess, both get nothing.
	Stdout, Stderr io.Writer
	// Name is the prefix of the workers' names; default: PoolWorker.
	Name string
	// Logger gets messages about workers that start, die and are replaced; nil: the log of the library, which is silent
	// until LogToStderr, or package logging, gives it somewhere to go.
	Logger Logger
	// OnEvent is called with what happens to workers and items, one event at a time and in order, in a goroutine of its
	// own. It may be slow, while the pool keeps the events that follow, and may call the pool, even Close. Nothing waits
	// for it: it may get the last events after Close has returned. When it panics, the program ends.
	OnEvent func(Event)
}

// Logger is what a pool logs to; hclog.Logger and *slog.Logger implement it. It is an interface of our own because the
// packages behind hclog would lengthen the start of each child by a fifth of what an empty process takes.
type Logger interface {
	Debug(msg string, args ...any)
	Warn(msg string, args ...any)
	Error(msg string, args ...any)
}

// defaultInitTimeout is long enough for an Init that loads a model.
const defaultInitTimeout = 5 * time.Minute

// check fills in the defaults, or returns what is wrong.
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

// ChunkSize sends items to a worker n at a time, or a multiple of n if they are quick. Without it, measured times decide
// how many. A chunk has fewer than n items if no more are left, if the message is full, and for items that run again, or
// that hold an object which one process has at a time, such as an end of a Pipe. ChunkSize only affects speed: each item
// has its own result and its own timeout, and a death is attributed to one item only. It is chunksize of Python's Pool.map.
func ChunkSize(n int) CallOption {
	return func(o *callOptions) {
		if n < 1 {
			o.err = errors.Join(o.err, fmt.Errorf("mp: ChunkSize(%d): it must be at least 1", n))
		}
		o.chunk = n
	}
}

// Timeout bounds each item, from the time at which a worker starts it; it takes the place of Options.TaskTimeout. If a
// worker does not even start an item in that time, because it is frozen, it is killed, and the item runs in another worker.
func Timeout(d time.Duration) CallOption {
	return func(o *callOptions) {
		if d <= 0 {
			o.err = errors.Join(o.err, fmt.Errorf("mp: Timeout(%v): it must be positive", d))
		}
		o.timeout = d
	}
}

// Retries runs an item up to n times again after its function failed; it takes the place of Options.Retries. Unless
// CrashRetries says otherwise, it holds for deaths of the item's worker, too.
func Retries(n int) CallOption {
	return func(o *callOptions) {
		if n < 0 {
			o.err = errors.Join(o.err, fmt.Errorf("mp: Retries(%d): it must not be negative", n))
		}
		o.retries = n
	}
}

// CrashRetries runs an item up to n times again after its worker died or was killed; 0: never. It takes the place of
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

// KeepGoing makes Map go on after a failure: Map returns every result it has, and the failures joined, in the order of the
// items. The other calls go on in any case.
func KeepGoing() CallOption { return func(o *callOptions) { o.keepGoing = true } }
