package sharedmem

import (
	"fmt"
	"reflect"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// Array is elements of one type that several processes have in common: Array of Python, and RawArray, as it has no lock of
// its own. It is sent by pointer. It must not be copied.
type Array[T any] struct {
	memory atomic.Pointer[memory] // nil once closed
	n      int
}

// NewArray makes an array of n numbers, all zero. It fails when the memory cannot be had.
func NewArray[T Fixed](n int) (*Array[T], error) { return newArray[T]("NewArray", n) }

// NewArrayOf makes an array of n elements, all zero, of a type without pointers, such as a struct of numbers and arrays of
// numbers. Other types are an error that names the field. It fails when the memory cannot be had.
func NewArrayOf[T any](n int) (*Array[T], error) { return newArray[T]("NewArrayOf", n) }

func newArray[T any](verb string, n int) (*Array[T], error) {
	t := reflect.TypeFor[T]()
	if n < 1 {
		return nil, fmt.Errorf("mp: sharedmem.%s[%v](%d): there must be at least 1 element", verb, t, n)
	}
	if err := plain(t); err != nil {
		return nil, fmt.Errorf("mp: sharedmem.%s[%v]: %w", verb, t, err)
	}
	m, err := newMemory(n, int(t.Size()))
	if err != nil {
		return nil, fmt.Errorf("mp: sharedmem.%s[%v](%d): %w", verb, t, n, err)
	}
	a := &Array[T]{n: n}
	a.memory.Store(m)
	return a, nil
}

// Slice is the elements, the same memory for each call; slices.Clone makes a copy that is this process's own. It is
// valid until Close in this process, and touching it later ends the process. Slice itself panics after Close. Elements are
// aligned as sync/atomic wants them, 64-bit ones also on 32-bit systems, if T is such a number.
func (a *Array[T]) Slice() []T {
	m := a.memory.Load()
	if m == nil {
		panic(errGone(fmt.Sprintf("Array[%v].Slice", reflect.TypeFor[T]())))
	}
	return elements[T](m.view(), a.n)
}

// Len is how many elements there are; also after Close.
func (a *Array[T]) Len() int { return a.n }

// Close gives the memory up in this process; it is there for the others still. No goroutine may use Slice any more. Close
// it after what it is an argument of was sent: once Start, Map or Submit has returned. A second Close does nothing. An array
// that nobody can reach is given up, too, but not once Slice was called: somebody may have the slice, and only Close ends it.
func (a *Array[T]) Close() error {
	if m := a.memory.Swap(nil); m != nil {
		return m.close()
	}
	return nil
}

// String tells the type and number of elements, and whether it is closed here.
func (a *Array[T]) String() string {
	state := ""
	if a.memory.Load() == nil {
		state = " closed"
	}
	return fmt.Sprintf("<Array[%v] len=%d%s>", reflect.TypeFor[T](), a.n, state)
}

// IsHandle marks the type: it travels by pointer.
func (a *Array[T]) IsHandle() {}

// EncodeMsgpack is for this library's messages; it fails in others, and after Close.
func (a *Array[T]) EncodeMsgpack(enc *wire.Encoder) error {
	m := a.memory.Load()
	if m == nil {
		return errGone("sending an Array")
	}
	return encode(enc, a.n, m.file)
}

// DecodeMsgpack is for this library's messages.
func (a *Array[T]) DecodeMsgpack(dec *wire.Decoder) error {
	t := reflect.TypeFor[T]()
	if err := plain(t); err != nil {
		return err
	}
	n, m, err := decode(dec, int(t.Size()))
	if err != nil {
		return err
	}
	a.n = n
	a.memory.Store(m)
	return nil
}

// MarshalJSON fails: shared memory cannot be written down.
func (a *Array[T]) MarshalJSON() ([]byte, error) { return nil, wire.NotJSON("shared Array") }
