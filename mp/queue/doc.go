// Package queue is Python's multiprocessing.Queue and JoinableQueue, and AcknowledgedQueue, which Python has not: items of one type
// pass through a queue between any number of goroutines in any number of processes.
//
// A queue lives in the process that has made it, its owner. Other processes get it as a field of an argument or of a result,
// over a Conn or through another queue, at any time; they talk to the owner directly, whoever gave it to them. A queue in a
// package variable is never shared: every process makes its own, as it runs its own package initialisation. Nor is a copy of
// one a queue: send and keep pointers, and go vet finds the copies.
//
// What holds, whoever is killed at whatever moment: an item comes out once, as it went in. An item whose Put has returned nil is
// only lost with its owner, or in the hands of a consumer: its Get was about to return it, or had. In an
// AcknowledgedQueue it comes back from there, and comes out at least once. A killed process keeps nobody waiting. When the owner ends,
// everybody gets ErrClosed. When a process on the way has no descriptor left for the files of an item, what Get returns for it is an
// error that is syscall.EMFILE; the link, and other items, are as before.
//
// Calls wait until their ctx ends. With a ctx that is over already they take what they need not wait for, and wait 50 ms at the most
// for an owner that does not answer.
//
// Every consumer gets the items of a producer in the order in which they were put. The exceptions are items that were on their
// way to another consumer that then died, or gave up (without shared memory), or took nothing for 50 ms while somebody waited, and
// those that TryGet, or a Get whose ctx is over already, fetches from others: they may come after later ones.
//
// Inside, the owner is a broker. Over shared memory items are sent ahead to consumers, and room is granted ahead to
// producers, in batches; both can be taken back at any time, and are when somebody else needs them.
package queue
