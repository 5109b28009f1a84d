// Package queue has Python's multiprocessing.Queue and JoinableQueue, and AcknowledgedQueue, which Python does not have.
// Items of one type pass through a queue between any number of goroutines in any number of processes.
//
// A queue lives in the process that has made it, its owner. Other processes get it as a field of an argument or of a
// result, over a Conn or through another queue, at any time; they talk to the owner directly, whichever process gave it to
// them. A queue in a package variable is never shared: every process makes its own, as it runs its own package
// initialisation. A copy of a queue is no queue: send and keep pointers; go vet finds copies. A queue that was sent stays in
// its owner until it was closed there and is empty, whether other processes have handles of it or not.
//
// Whichever process is killed, and whenever, an item comes out once, as it went in. An item whose Put has returned nil is
// lost only with its owner, or with its consumer: Get was about to return it there, or had. An AcknowledgedQueue gives a
// dead consumer's item out again, so that every item comes out at least once. A killed process leaves nothing locked, and
// room that it had comes free. When the owner ends, every call returns ErrClosed. When a process on the way has no
// descriptor left for the files of an item, Get returns an error for that item, in which errors.Is finds syscall.EMFILE;
// the link, and other items, are as before.
//
// To an owner, a process has also ended when it has no handle of any of the owner's objects any more, because the garbage
// collector has found the last one: what it has got from a JoinableQueue then counts as lost. So a process that has such an
// item must keep a handle until TaskDone; it needs one to call it anyway. A Delivery keeps one itself.
//
// A queue does not know which processes are still to use it. When all consumers have died, a Put that waits for room goes on
// waiting, and so does Join of a JoinableQueue while it has items. When all producers have died, Get goes on waiting. End
// their ctx when Result of such a process is an error.
//
// Calls wait until their ctx ends. A call whose ctx has ended before it begins takes what needs no waiting, and waits at
// most 50 ms for an owner that does not answer.
//
// Every consumer gets the items of a producer in the order in which they were put, with two exceptions. Items that were on
// their way to another consumer may come after later ones if that consumer died, gave up (without shared memory), or took
// nothing for 50 ms while others waited. So may items that TryGet, or a Get whose ctx has ended before, fetches from other
// consumers.
//
// Inside, the owner is a broker. With shared memory, it sends items ahead to consumers, and grants room ahead to producers,
// in batches. It can take both back at any time, and does so when another process needs them. Without shared memory, a
// consumer asks for each item, and confirms it, as it gives the item back if its Get has ended meanwhile. For others, a
// closed queue does not end before that, or the end of that consumer.
package queue
