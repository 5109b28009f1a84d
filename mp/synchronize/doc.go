// Package synchronize has what processes wait for each other with, as multiprocessing.synchronize has in Python: [Lock],
// [Semaphore], [BoundedSemaphore], [Event], [Condition] and [Barrier].
//
// Each lives in the process that made it, its owner, and reaches others as a field, by pointer, of arguments, results and
// messages. Any number of processes, and goroutines in each, may use it at the same time. Those that wait are served in the
// order in which they came; [Lock.Acquire] tells what is different there. They wait until their ctx ends, and return at once then,
// but for those at a Condition, which get its lock back first. With a ctx that is over already they take what they need not wait for,
// and wait 50 ms at the most for an owner that does not answer; a Barrier is broken by it, once its owner has heard of this process.
//
// A process that ends, however it does, hurts nobody: those of its goroutines that waited are forgotten, and what it held
// is free. Of a Lock, the next Acquire returns [ErrOwnerDied] first, as what the lock protects may be half done. When the owner
// has ended, or has closed the object, every call returns mp.ErrClosed; [Semaphore.Release], which waits for no answer, once the
// process has heard of it.
//
// To an owner, a process has ended, too, when it has no handle of any of its objects any more, because the last one was collected:
// who holds something keeps a handle, as who is to release it does.
//
// Calls without a ctx are bounded: they return mp.ErrTimeout when the owner has not answered within five seconds, because
// it is stopped. What was asked for may happen later in that case.
//
// There is no RLock. A lock that its holder may acquire again has to know who its holder is, and goroutines have no identity.
// A function that is called with the lock held says so in its name or comment, and does not acquire it.
//
// An object in a package variable is never shared: every process makes one of its own. Nor is a copy of one the object: send and
// keep pointers, and go vet finds the copies.
package synchronize

import (
	"errors"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

var (
	// ErrOwnerDied is returned once, by Acquire, TryAcquire or Condition.Wait, after a process has ended that held the lock; the caller
	// does not have the lock then. What it protects may be half done. Who can put that right acquires it again. Nobody gets the lock
	// before the process that is told has heard of it, or has ended, too, and another one is told.
	ErrOwnerDied = errors.New("mp: a process has ended that held the lock")
	// ErrNotHeld is returned by Release, and by what wants the lock held, in a process that does not hold it.
	ErrNotHeld = errors.New("mp: this process does not hold it")
	// ErrBrokenBarrier is returned to those that wait at a barrier that not all will reach: somebody's wait was cut short, or
	// it was aborted or reset. It is BrokenBarrierError in Python.
	ErrBrokenBarrier = errors.New("mp: the barrier is broken")
)

func init() {
	spawn.RegisterError("synchronize.ErrOwnerDied", ErrOwnerDied)
	spawn.RegisterError("synchronize.ErrNotHeld", ErrNotHeld)
	spawn.RegisterError("synchronize.ErrBrokenBarrier", ErrBrokenBarrier)
}
