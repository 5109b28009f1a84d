// Package queue is Python's multiprocessing.Queue and JoinableQueue: items of one type pass through a queue between any number
// of goroutines in any number of processes.
//
// A queue lives in the process that has made it, its owner. Other processes get it as a field of an argument or of a result,
// or through another queue, at any time; they talk to the owner directly, whoever gave it to them. A queue in a package
// variable is not shared: every process makes its own.
//
// What holds, whoever is killed at whatever moment: an item comes out once, as it went in, and the items of one
// producer that a consumer gets come in the order in which they were put. An item whose Put has returned nil is only lost with
// its owner, or in the hands of a consumer: its Get was about to return it, or had. In an AcknowledgedQueue it comes back from
// there, and comes out at least once. A killed process keeps nobody waiting.
// When the owner ends, everybody gets ErrClosed.
//
// Inside, the owner is a broker. Over shared memory items are sent ahead to consumers, and room is granted ahead to
// producers, in batches; both can be taken back at any time, and are when somebody else needs them.
package queue
