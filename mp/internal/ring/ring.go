// Package ring carries records one way between two processes, through a piece of memory that both have mapped: one writes,
// one reads, and neither makes a system call while the other one is awake.
//
// This is the memory of a ring. The writer writes tail and the data, the reader writes head. The side that goes to sleep sets
// asleep or wanting, and the side that wakes it clears it. asleep also says which of two bells wakes the reader:
//
//	  0         64        128       192       256                    256+capacity
//	+---------+---------+---------+---------+----------------------+
//	| tail    | head    | asleep  | wanting | data                 |
//	+---------+---------+---------+---------+----------------------+
//	  written   read      reader    writer    records, each a length
//	  up to     up to     sleeps    sleeps    and its bytes
//
// tail and head count bytes since the ring was made, and never wrap round; they are multiples of 8. A record is a word with its
// length, then its bytes. It is never split: a record that does not fit before the end of the data leaves a special length
// there (skip), and begins at the front.
//
// Sleeping and waking follow Dekker's algorithm. A side that wants to sleep first sets its word (asleep, wanting) and then looks
// for work again. A side that has changed tail or head then looks whether the other one sleeps, and rings its bell. All words
// are read and written by sync/atomic, which is sequentially consistent on every port of Go, so at least one side sees the
// other's change. The exhaustive check of this is in model/. These words are written by Swap: under the race detector, Store is
// no barrier for memory outside of Go's heap.
//
// The peer is not trusted. Each side keeps its own count in private memory, reads the peer's count once, and checks the count and
// all lengths before it touches data.
package ring

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

const (
	line = 64 // of the cache; words of different writers are on different lines
	// Overhead is how many bytes a ring needs besides its capacity.
	Overhead = 4 * line

	word = 8
	skip = ^uint64(0) // a length that sends the reader to the front
)

// How a reader sleeps.
const (
	Asleep = 1 // its own bell wakes it
	Beside = 2 // the second bell wakes it, and the goroutine that waits for the first bell sleeps on
)

// ErrCorrupt is returned when the peer has written values that make no sense. The ring cannot be used any more.
var ErrCorrupt = errors.New("the shared memory of the link holds nonsense")

// Bell wakes one waiter in the other process, or in this one. sys.Bell is one.
type Bell interface {
	// Ring wakes the waiter.
	Ring()
	// Wait returns nil once ready reports true. It calls ready at once, and again after every ring. Rings from before the call
	// may be lost.
	Wait(ready func(fd uintptr) bool) error
}

// shared is the memory of a ring as one side sees it.
type shared struct {
	tail, head      *atomic.Uint64
	asleep, wanting *atomic.Uint32
	data            []byte
}

// lay finds a ring in mem, which is 8-byte aligned. Its size without Overhead is a power of two.
func lay(mem []byte) shared {
	capacity := len(mem) - Overhead
	if capacity < line || capacity&(capacity-1) != 0 {
		panic(fmt.Sprintf("a ring of %d bytes", capacity))
	}
	return shared{
		tail: shm.Word64(mem[0:]), head: shm.Word64(mem[line:]),
		asleep: shm.Word32(mem[2*line:]), wanting: shm.Word32(mem[3*line:]),
		data: mem[Overhead:],
	}
}

// Most is the length of the longest record for a ring of this capacity, both in bytes. A quarter of the capacity always finds
// room in the end, wherever in the data the writer is.
func Most(capacity int) int { return capacity/4 - word }

// size is how much of the ring a record of n bytes takes.
func size(n int) uint64 { return word + (uint64(n)+word-1)&^(word-1) }
