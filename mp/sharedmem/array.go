package sharedmem

import (
	"fmt"
	"reflect"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// Array is an array that several processes share. It is Python's Array, and RawArray, as it has no lock of its own. It is sent by
// pointer. It must not be copied.
type Array[T any] struct {
	memory atomic.Pointer[memory] // nil once closed
	n      int
}

// NewArray makes an array of n numbers, all zero. It fails when there is not enough memory.
func NewArray[T Fixed](n int) (*Array[T], error) { return newArray[T]("NewArray", n) }

// NewArrayOf makes an array of n elements, all zero, of a type without pointers, such as a struct of numbers and arrays of
// numbers. Other types are an error that names the field. It fails when there is not enough memory.
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

// Slice returns the elements. Every call returns the same memory; slices.Clone makes a private copy. The slice is valid until
// Close in this process, and touching it later ends the process. Slice itself panics after Close. Elements that are numbers are
// aligned as sync/atomic needs it, 64-bit ones also on 32-bit systems.
func (a *Array[T]) Slice() []T {
	m := a.memory.Load()
	if m == nil {
		panic(errGone(fmt.Sprintf("Array[%v].Slice", reflect.TypeFor[T]())))
	}
	return elements[T](m.view(), a.n)
}

// Len is the number of elements, also after Close.
func (a *Array[T]) Len() int { return a.n }

// Close unmaps the memory in this process; other processes keep it. No goroutine may use the slice any more. If the array is in
// an argument, close it after that is sent: once Start, Map or Submit has returned. A second Close does nothing. The garbage
// collector closes an unreachable array, too, unless Slice was called: the program may still have the slice, so only Close ends
// it.
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
