package sharedmem

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// Value is one number that several processes share, and read and change atomically. It is Python's Value, where an increment
// needs a lock. It is stored in a 64-bit word for every T, so that all operations are atomic for numbers of 8 bits and floats,
// too. It costs a page of memory, and a descriptor in each process: for many numbers use an [Array].
//
// A goroutine or process that reads a change sees everything that happened before the change, as with sync/atomic. Methods panic
// after Close. It is sent by pointer. It must not be copied.
type Value[T Fixed] struct {
	cell atomic.Pointer[cell] // nil once closed
}

// cell is the memory of a value. It is unmapped when it is unreachable, so that Close does no harm to goroutines that are using
// it.
type cell struct {
	word   *atomic.Uint64
	id     uint64 // random, for the race detector
	memory *memory
}

// cellSize is the word and, behind it, the id.
const cellSize = 16

// NewValue makes a value that is v. It fails when there is not enough memory.
func NewValue[T Fixed](v T) (*Value[T], error) {
	m, err := newMemory(1, cellSize)
	if err != nil {
		return nil, fmt.Errorf("mp: sharedmem.NewValue[%T]: %w", v, err)
	}
	shm.Word64(m.bytes[8:]).Store(rand.Uint64())
	value := new(Value[T])
	value.cell.Store(newCell(m))
	value.Store(v)
	return value, nil
}

func newCell(m *memory) *cell {
	return &cell{shm.Word64(m.bytes), shm.Word64(m.bytes[8:]).Load(), m}
}

// open returns the cell for a method, and panics after Close.
func (v *Value[T]) open(method string) *cell {
	c := v.cell.Load()
	if c == nil {
		panic(errGone("Value." + method))
	}
	return c
}

// Load returns the value.
func (v *Value[T]) Load() T { return fromWord[T](v.open("Load").load()) }

// Store sets the value.
func (v *Value[T]) Store(n T) {
	c := v.open("Store")
	order(c.id)
	c.word.Store(toWord(n))
	runtime.KeepAlive(c)
}

// Add adds delta, which may be negative, and returns the new value. Integers wrap around, as they do in Go.
func (v *Value[T]) Add(delta T) T {
	for c := v.open("Add"); ; {
		word := c.load()
		sum := fromWord[T](word) + delta
		if c.swap(word, toWord(sum)) {
			return sum
		}
	}
}

// CompareAndSwap sets the value to n if it is old, and reports whether it did. Floats are compared by their bits: a NaN equals
// itself, and 0 does not equal −0.
func (v *Value[T]) CompareAndSwap(old, n T) bool {
	for c := v.open("CompareAndSwap"); ; {
		word := c.load()
		if toWord(fromWord[T](word)) != toWord(old) {
			return false
		}
		if c.swap(word, toWord(n)) {
			return true
		}
	}
}

func (c *cell) load() uint64 {
	word := c.word.Load()
	order(c.id)
	runtime.KeepAlive(c)
	return word
}

func (c *cell) swap(old, word uint64) bool {
	order(c.id)
	swapped := c.word.CompareAndSwap(old, word)
	order(c.id)
	runtime.KeepAlive(c)
	return swapped
}

// Close releases the value in this process; other processes keep it. Operations that are running finish. A second Close does
// nothing. The garbage collector closes an unreachable value, too.
func (v *Value[T]) Close() error {
	if c := v.cell.Swap(nil); c != nil {
		return c.memory.file.Close()
	}
	return nil
}

// String tells the type and the value, or that it is closed here.
func (v *Value[T]) String() string {
	t := reflect.TypeFor[T]()
	c := v.cell.Load()
	if c == nil {
		return fmt.Sprintf("<Value[%v] closed>", t)
	}
	return fmt.Sprintf("<Value[%v] %v>", t, fromWord[T](c.load()))
}

// IsHandle marks the type: it travels by pointer.
func (v *Value[T]) IsHandle() {}

// EncodeMsgpack is for this library's messages; it fails in others, and after Close.
func (v *Value[T]) EncodeMsgpack(enc *wire.Encoder) error {
	c := v.cell.Load()
	if c == nil {
		return errGone("sending a Value")
	}
	return encode(enc, 1, c.memory.file)
}

// DecodeMsgpack is for this library's messages.
func (v *Value[T]) DecodeMsgpack(dec *wire.Decoder) error {
	n, m, err := decode(dec, cellSize)
	if err != nil {
		return err
	}
	if n != 1 {
		_ = m.close()
		return fmt.Errorf("a Value is one number and not %d", n)
	}
	v.cell.Store(newCell(m))
	return nil
}

// MarshalJSON fails: shared memory cannot be written down.
func (v *Value[T]) MarshalJSON() ([]byte, error) { return nil, wire.NotJSON("shared Value") }
