// Package sharedmem is memory that several processes have in common, as multiprocessing.shared_memory and Value and Array are
// in Python: [SharedMemory] is bytes, [Array] numbers or plain structs, [Value] one number that is read and changed atomically.
//
// All of them are made by one process and reach others as fields, by pointer, of arguments, results and messages. What
// travels is a reference; the memory is never copied. It has no name, so there is nothing to unlink, and nobody can come by
// it who was not given it. It is there as long as one process has it mapped or a message with it is on its way, and gone
// after that, however those processes ended.
//
// Who makes or receives one closes it: every process for itself, the others are not concerned. What arrives in a result or
// message that nobody gets, as of a Map that has failed or a loop that was left, is closed by the garbage collector; so is all
// that nobody can reach, but for what Bytes or Slice was called of, as a slice does not keep it. A worker that returns one as
// its result goes on having it, too; it is simpler to have the parent make it. To receive one is to map it, so what many
// tasks need is better given to an initializer than to each of them. The views that Bytes and Slice
// return are valid until that Close. They are memory outside of the heap: the garbage collector neither keeps nor moves it,
// and a view that is touched after Close ends the process, as nothing in a slice can tell that its memory has gone. Methods
// that need the memory can, and panic or return an error then.
//
// Processes that write to the same place need a lock (package synchronize), or atomic operations, as goroutines do.
// The race detector does not look at this memory. What another process writes there can change at any time: read it once,
// and check what you read before you trust it, if you do not trust that process.
//
// All of the memory is there when New returns, so that a lack of it is an error then and not the end of the process
// later. On Linux its size is sealed. On macOS and FreeBSD it is a file without a name in [os.TempDir]; a hostile process
// that was given it can shorten it there, and that ends whoever touches what is gone.
package sharedmem

// Fixed are the numbers of a fixed size.
type Fixed interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}
