// Package synchronize has the objects by which processes wait for each other, as multiprocessing.synchronize has in Python:
// [Lock], [Semaphore], [BoundedSemaphore], [Event], [Condition] and [Barrier].
//
// Each object lives in the process that made it, its owner, and reaches other processes by pointer, as a field of
// arguments, results and messages. Any number of processes, and goroutines in each, may use it at the same time. Waiters
// are served in the order in which they came; [Lock.Acquire] tells of an exception. A wait ends at once when its ctx ends,
// except at a Condition, where it first gets the lock back. A call whose ctx has ended before it begins takes what needs no
// waiting, and waits at most 50 ms for an owner that does not answer. Such a call of [Barrier.Wait] breaks the barrier,
// unless it is that of the last party, or the owner does not answer.
//
// When a process ends, however it does, its waits are forgotten, and what it held is free. If it held a Lock, the next
// Acquire returns [ErrOwnerDied] first, as what the lock protects may be half done. When the owner has ended, or has closed
// the object, every call returns mp.ErrClosed; [Semaphore.Release], which waits for no answer, does so once its process has
// learned of that.
//
// An object that was sent stays in its owner until Close there, whether other processes have handles of it or not; so does
// a [Condition], sent or not, for as long as its lock is there. A process that makes many has to close them.
//
// To an owner, a process has also ended when it has no handle of any of the owner's objects any more, because the garbage
// collector has found the last one. So a process that holds something must keep a handle of it; it needs one to release it
// anyway.
//
// Calls without a ctx are bounded: they return mp.ErrTimeout when the owner has not answered within five seconds, because
// it is stopped. The owner may still do later what it was asked.
//
// There is no RLock. A lock that its holder may acquire again has to know its holder, and goroutines have no identity. A
// function that is called with the lock held says so in its name or comment, and does not acquire it.
//
// An object in a package variable is never shared: every process makes one of its own. A copy of an object is not the
// object: send and keep pointers; go vet finds copies.
package synchronize

import (
	"errors"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

var (
	// ErrOwnerDied is returned once, by Acquire, TryAcquire or Condition.Wait, after a process that held the lock has
	// ended. The caller does not have the lock then. What the lock protects may be half done; a caller that can repair it
	// acquires the lock again. No process gets the lock before the process that was told has confirmed it, or has ended,
	// too, and another one was told.
	ErrOwnerDied = errors.New("mp: a process has ended that held the lock")
	// ErrNotHeld is returned by Release, and by the methods of Condition that need the lock, in a process that does not
	// hold it.
	ErrNotHeld = errors.New("mp: this process does not hold it")
	// ErrBrokenBarrier is returned to the waiters at a barrier that not all parties will reach: a party's wait was cut
	// short, or the barrier was aborted or reset. It is BrokenBarrierError in Python.
	ErrBrokenBarrier = errors.New("mp: the barrier is broken")
)

func init() {
	spawn.RegisterError("synchronize.ErrOwnerDied", ErrOwnerDied)
	spawn.RegisterError("synchronize.ErrNotHeld", ErrNotHeld)
	spawn.RegisterError("synchronize.ErrBrokenBarrier", ErrBrokenBarrier)
}
