package pool

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Options of a pool. Nil and zero values are the defaults.
type Options struct {
	// Workers is the number of worker processes; 0: as many as processors.
	Workers int
	// Init runs in every worker before its first task. When it fails, New fails; when it fails in a replacement, the
	// replacement is tried again, more and more slowly.
	Init spawn.Initializer
	// MaxTasksPerWorker replaces a worker after so many tasks; 0: never.
	MaxTasksPerWorker int
	// TaskTimeout bounds every task from its start; 0: no bound. The ctx of the function ends then, and after KillDelay
	// the worker is killed.
	TaskTimeout time.Duration
	// KillDelay is the time between asking a task or a worker to stop and killing the worker. 0: one second; negative:
	// it is killed at once.
	KillDelay time.Duration
	// Retries is how many times an item is run again that failed or whose worker died.
	Retries int
	// InProcess runs the workers as goroutines of this process: for debuggers. Arguments and results are encoded and
	// copied all the same, but a crash is everybody's crash, and what does not end by itself cannot be ended: it is
	// left behind. A file in a result passes to the caller here too: the function's own is closed.
	InProcess bool
	// Stdout nil: the workers write to our standard output themselves, and to a *os.File too. Stderr nil: what they write,
	// the dump of a fatal error among it, is passed on to ours. Other writers are given whole lines, by several goroutines
	// at once.
	Stdout, Stderr io.Writer
	// Name is the prefix of the workers' names; default: PoolWorker.
	Name string
	// Logger hears of workers that start, die and are replaced; nil: the log of the library, which is silent until LogToStderr,
	// or package logging, gives it somewhere to go.
	Logger Logger
}

// Logger is what a pool says things to; a hclog.Logger is one, and so is a *slog.Logger. It is an interface of our own
// because the packages behind hclog take a fifth of the time that an empty process takes to start, in every child.
type Logger interface {
	Debug(msg string, args ...any)
	Warn(msg string, args ...any)
	Error(msg string, args ...any)
}

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

// CallOption changes one call.
type CallOption func(*callOptions)

type callOptions struct {
	chunk     int // items in a message to a worker; 0: measured
	timeout   time.Duration
	retries   int
	keepGoing bool
	err       error
}

// ChunkSize sends n items to a worker at a time, rather than as many as measured times suggest. It is about speed only:
// each item has its own result, its own timeout and its own blame.
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

// Retries runs an item up to n times again when it failed or its worker died; it takes the place of Options.Retries.
func Retries(n int) CallOption {
	return func(o *callOptions) {
		if n < 0 {
			o.err = errors.Join(o.err, fmt.Errorf("mp: Retries(%d): it must not be negative", n))
		}
		o.retries = n
	}
}

// KeepGoing makes Map go on after a failure: it returns every result it has, and the failures joined, in the order of
// the items. The other calls go on in any case.
func KeepGoing() CallOption { return func(o *callOptions) { o.keepGoing = true } }
