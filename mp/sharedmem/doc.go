// Package sharedmem is memory that several processes share, as multiprocessing.shared_memory, Value and Array do in Python:
// [SharedMemory] is bytes, [Array] numbers or plain structs, [Value] one number that is read and changed atomically.
//
// One process makes such an object. Other processes get it as a field, by pointer, of an argument, a result or a message. Only a
// reference travels; the memory is never copied. It has no name, so there is nothing to unlink, and only processes that were
// given it can reach it. It exists as long as a process has it mapped, or a message with it is on its way, and is gone after
// that, however those processes ended.
//
// Each process closes the objects that it makes or receives; this does not affect other processes. The garbage collector closes
// an object that arrives in a result or message that is never received, for example when a Map has failed or a loop was left
// early. It also closes every other unreachable object, except those whose Bytes or Slice was called, as a slice does not keep
// its object reachable. A worker that returns an object as its result still has it mapped, too; it is simpler to make the object
// in the parent. Receiving an object maps it, so give an object that many tasks need to an initializer instead of to each task.
//
// The views that Bytes and Slice return are valid until Close in this process. They are memory outside of the heap, which the
// garbage collector neither keeps nor moves. Touching a view after Close ends the process, as a slice cannot tell that its memory
// is gone. Methods that need the memory can tell, and panic or return an error.
//
// Processes that write to the same place need a lock (package synchronize), or atomic operations, as goroutines do. The race
// detector does not check this memory. Another process can change it at any time: if you do not trust that process, read a value
// once and check what you read.
//
// All of the memory is allocated when New returns, so that a lack of it is an error then, and not the end of the process later.
// On Linux its size is sealed. On macOS and FreeBSD it is a file without a name in [os.TempDir]. A hostile process that was
// given it can shorten the file there, which ends every process that touches the missing part.
package sharedmem

// Fixed is the numeric types that can be shared.
type Fixed interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}
