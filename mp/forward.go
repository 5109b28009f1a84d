package mp

// This file holds aliases and one-line forwards only; a test sees to that.

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/conn"
	"github.com/go-multiprocessing/multiprocessing/mp/pool"
	"github.com/go-multiprocessing/multiprocessing/mp/process"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Func is a registered function: Name, Call, String. See [spawn.Func].
type Func[A, R any] = spawn.Func[A, R]

// Register gives fn a name under which children find it. See [spawn.Register].
func Register[A, R any](name string, fn func(ctx context.Context, arg A) (R, error)) *Func[A, R] {
	return spawn.Register(name, fn)
}

// InitFunc is a registered function that prepares a worker: Name, With. See [spawn.InitFunc].
type InitFunc[A any] = spawn.InitFunc[A]

// Initializer is an InitFunc with its argument, for PoolOptions.Init. See [spawn.Initializer].
type Initializer = spawn.Initializer

// RegisterInit is Register for a function that prepares a worker. See [spawn.RegisterInit].
func RegisterInit[A any](name string, fn func(ctx context.Context, arg A) error) *InitFunc[A] {
	return spawn.RegisterInit(name, fn)
}

// RegisterError names a sentinel, so that errors.Is finds it in errors of other processes. See [spawn.RegisterError].
func RegisterError(name string, err error) { spawn.RegisterError(name, err) }

// Process is a call in a process of its own: Start, Join, Result, Done, Alive, ExitCode, Pid, Name, Daemon, Usage,
// Limits, Terminate, Interrupt, Kill, Close, String. See [process.Process].
type Process[R any] = process.Process[R]

// ProcessOptions are the options of a process. See [process.Options].
type ProcessOptions = process.Options

// Limits are the fences around a child: memory, processors, niceness. See [spawn.Limits].
type Limits = spawn.Limits

// NewProcess prepares a call; nothing runs before its Start. See [process.New].
func NewProcess[A, R any](fn *Func[A, R], arg A, opts *ProcessOptions) *Process[R] {
	return process.New(fn, arg, opts)
}

// Start starts a call in a process of its own. See [process.Start].
func Start[A, R any](ctx context.Context, fn *Func[A, R], arg A, opts *ProcessOptions) (*Process[R], error) {
	return process.Start(ctx, fn, arg, opts)
}

// ActiveChildren are the living children of this process, workers of pools among them; each has Pid, Name, Daemon, Alive, Done,
// Join, ExitCode, Usage, Limits, Terminate, Interrupt, Kill and String. See [process.Children] and [spawn.Child].
func ActiveChildren() []*spawn.Child { return process.Children() }

// CurrentProcess describes this process: Name, Pid, Daemon. See [process.Current].
func CurrentProcess() process.Info { return process.Current() }

// ParentProcess describes the process that spawned this one: Name, Pid, Alive, Done; nil in a process that was not spawned.
// See [process.Parent].
func ParentProcess() *process.ParentInfo { return process.Parent() }

// CPUCount is how many processors this process may use: GOMAXPROCS, which knows of affinity and of cgroup limits.
func CPUCount() int { return runtime.GOMAXPROCS(0) }

// Pool runs calls in worker processes: Close, Shutdown, Stats. See [pool.Pool].
type Pool = pool.Pool

// PoolOptions are the options of a pool. See [pool.Options].
type PoolOptions = pool.Options

// PoolStats describes a pool: its workers, its queue, and counts over its life. See [pool.Stats].
type PoolStats = pool.Stats

// NewPool starts the workers of a pool and returns when all are ready. See [pool.New].
func NewPool(ctx context.Context, opts *PoolOptions) (*Pool, error) { return pool.New(ctx, opts) }

// CallOption changes one call: ChunkSize, Timeout, Retries, KeepGoing; in package pool, CrashRetries and OnProgress too. See
// [pool.CallOption].
type CallOption = pool.CallOption

// ChunkSize sends n items to a worker at a time, or a multiple of n. See [pool.ChunkSize].
func ChunkSize(n int) CallOption { return pool.ChunkSize(n) }

// Timeout bounds each item from its start. See [pool.Timeout].
func Timeout(d time.Duration) CallOption { return pool.Timeout(d) }

// Retries runs an item again if it failed or its worker died. See [pool.Retries].
func Retries(n int) CallOption { return pool.Retries(n) }

// KeepGoing makes Map return every result it has, and the failures joined. See [pool.KeepGoing].
func KeepGoing() CallOption { return pool.KeepGoing() }

// Map calls fn for every item and returns the results in their order. See [pool.Map].
func Map[A, R any](ctx context.Context, p *Pool, fn *Func[A, R], items []A, opts ...CallOption) ([]R, error) {
	return pool.Map(ctx, p, fn, items, opts...)
}

// IMap calls fn for every item and yields the results in their order, while later calls run. See [pool.IMap].
func IMap[A, R any](ctx context.Context, p *Pool, fn *Func[A, R], items iter.Seq[A], opts ...CallOption) iter.Seq2[R, error] {
	return pool.IMap(ctx, p, fn, items, opts...)
}

// IMapUnordered yields the results as they come. See [pool.IMapUnordered].
func IMapUnordered[A, R any](ctx context.Context, p *Pool, fn *Func[A, R], items iter.Seq[A], opts ...CallOption) iter.Seq2[R, error] {
	return pool.IMapUnordered(ctx, p, fn, items, opts...)
}

// Apply calls fn once and waits for the result. See [pool.Apply].
func Apply[A, R any](ctx context.Context, p *Pool, fn *Func[A, R], arg A, opts ...CallOption) (R, error) {
	return pool.Apply(ctx, p, fn, arg, opts...)
}

// Future is the result of a call that may not have ended: Wait, Done, OnDone, Cancel, Cancelled, String. See [pool.Future].
type Future[R any] = pool.Future[R]

// Submit calls fn once and does not wait. See [pool.Submit].
func Submit[A, R any](ctx context.Context, p *Pool, fn *Func[A, R], arg A, opts ...CallOption) *Future[R] {
	return pool.Submit(ctx, p, fn, arg, opts...)
}

// AsCompleted yields each future as it ends. See [pool.AsCompleted].
func AsCompleted[R any](ctx context.Context, futures ...*Future[R]) iter.Seq2[*Future[R], error] {
	return pool.AsCompleted(ctx, futures...)
}

// WaitAll waits until all futures have ended, and returns their results by position. See [pool.WaitAll].
func WaitAll[R any](ctx context.Context, futures ...*Future[R]) ([]R, error) {
	return pool.WaitAll(ctx, futures...)
}

// Queue is a queue between processes, and can be sent to other processes: Put, TryPut, Get, TryGet, Len, Cap, All, Close. See
// [queue.Queue].
type Queue[T any] = queue.Queue[T]

// NewQueue makes a queue of at most capacity items; 0 or less: without a bound. See [queue.New].
func NewQueue[T any](capacity int) (*Queue[T], error) { return queue.New[T](capacity) }

// JoinableQueue is a Queue that also counts unfinished items: TaskDone, Join. See [queue.JoinableQueue].
type JoinableQueue[T any] = queue.JoinableQueue[T]

// NewJoinableQueue is NewQueue for a JoinableQueue. See [queue.NewJoinable].
func NewJoinableQueue[T any](capacity int) (*JoinableQueue[T], error) {
	return queue.NewJoinable[T](capacity)
}

// Conn is an end of a connection, which moves to another process when it is sent there: Send, Recv, SendBytes, RecvBytes,
// RecvBytesInto, SendHandle, RecvHandle, Poll, Close. Package connection has the rest: one way, over networks, several at once.
type Conn = conn.Conn

// Pipe returns both ends of a connection in two directions. It is Python's Pipe; see package connection.
func Pipe() (a, b *Conn, err error) { return conn.Pipe() }

// RemoteError: the function returned an error or panicked. See [spawn.RemoteError].
type RemoteError = spawn.RemoteError

// ExitError: the process died. See [spawn.ExitError].
type ExitError = spawn.ExitError

// The values of ExitError.Cause that programs ask for. See [spawn.Cause], which has more.
const (
	CauseExit     = spawn.CauseExit
	CauseSignal   = spawn.CauseSignal
	CauseFatal    = spawn.CauseFatal
	CauseDeadline = spawn.CauseDeadline
	CauseCancel   = spawn.CauseCancel
	CauseOOM      = spawn.CauseOOM
)

// Sentinels for errors.Is, which holds across processes.
var (
	ErrBootstrapping  = spawn.ErrBootstrapping
	ErrBinaryMismatch = spawn.ErrBinaryMismatch
	ErrClosed         = spawn.ErrClosed
	ErrEmpty          = queue.ErrEmpty
	ErrFull           = queue.ErrFull
	ErrMemory         = spawn.ErrMemory
	ErrTimeout        = spawn.ErrTimeout
	ErrUnsupported    = spawn.ErrUnsupported
)

// LogToStderr logs to standard error what the library does, and what functions log through package logging, in children too.
// See [spawn.LogToStderr].
func LogToStderr(level fmt.Stringer) { spawn.LogToStderr(level) }
