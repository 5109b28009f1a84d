// Package ring carries records one way between two processes, through a piece of memory that both have mapped: one writes,
// one reads, and neither asks the kernel for anything while the other one is awake.
//
// The memory of a ring. tail and the data are the writer's, head is the reader's; asleep and wanting are set by the one who
// sleeps, and cleared by the one who wakes it; asleep also says by which of two bells:
//
//	  0         64        128       192       256                    256+capacity
//	+---------+---------+---------+---------+----------------------+
//	| tail    | head    | asleep  | wanting | data                 |
//	+---------+---------+---------+---------+----------------------+
//	  written   read      reader    writer    records, each a length
//	  up to     up to     sleeps    sleeps    and its bytes
//
// tail and head count bytes from the ring's beginning and never wrap round; they are multiples of 8. A record is a word with
// its length, then its bytes, and is never cut in two: what does not fit before the end of the data leaves a length that says
// so, and begins again at the front.
//
// Sleeping and waking is Dekker's: who wants to sleep first says so (asleep, wanting) and then looks again; who has changed
// something then looks whether the other one sleeps, and rings its bell. All words are read and written by sync/atomic, which
// is sequentially consistent on every port of Go, so one of them sees the other. model/ holds the proof by exhaustion. What is
// said or changed goes in by Swap: under the race detector a Store is no barrier on memory that is none of Go's.
//
// What the peer writes is not trusted. Each side keeps its own count in private memory, reads the peer's once, and checks
// it, and lengths, before it touches data.
package ring

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

const (
	line = 64 // of the cache: what one process writes shares none with what the other one does
	// Overhead is how many bytes a ring needs besides its capacity.
	Overhead = 4 * line

	word = 8
	skip = ^uint64(0) // a length that sends the reader to the front
)

// How a reader sleeps.
const (
	Asleep = 1 // by its bell
	Beside = 2 // by the other bell: whoever sleeps by the first one shall sleep on
)

// ErrCorrupt is returned when the peer has written what makes no sense. The ring cannot be used any more.
var ErrCorrupt = errors.New("the shared memory of the link holds nonsense")

// Bell wakes one waiter in the other process, or in this one. sys.Bell is one.
type Bell interface {
	// Ring wakes who waits.
	Ring()
	// Wait returns nil once ready reports true. It may forget earlier rings, asks ready, and asks again after every ring.
	Wait(ready func(fd uintptr) bool) error
}

// shared is the memory of a ring as one side sees it.
type shared struct {
	tail, head      *atomic.Uint64
	asleep, wanting *atomic.Uint32
	data            []byte
}

// lay finds a ring in mem, which is 8-byte aligned; what is left of it behind Overhead is a power of two.
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

// Most is how many bytes the longest record has that a ring of this capacity, in bytes, takes. With a quarter of it, there is
// always an end of waiting for room, wherever in the data one stands.
func Most(capacity int) int { return capacity/4 - word }

// size is what a record of n bytes takes.
func size(n int) uint64 { return word + (uint64(n)+word-1)&^(word-1) }
