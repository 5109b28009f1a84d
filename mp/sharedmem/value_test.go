package sharedmem_test

import (
	"context"
	"errors"
	"math"
	"runtime"
	"sync"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
)

// Anything takes any argument that can be sent.
var Anything = mp.Register("anything", func(context.Context, any) (int, error) { return 0, nil })

type counting struct {
	N         *sharedmem.Value[int32]
	Goroutine int
	Times     int
}

func count(_ context.Context, c counting) (int32, error) {
	var wg sync.WaitGroup
	for range c.Goroutine {
		wg.Go(func() {
			for range c.Times {
				c.N.Add(1)
			}
		})
	}
	wg.Wait()
	return c.N.Load(), c.N.Close()
}

type (
	small uint8
	ratio float32
)

func testValue[T sharedmem.Fixed](t *testing.T, first, second, sum T) {
	t.Helper()
	v, err := sharedmem.NewValue(first)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if n := v.Load(); n != first {
		t.Errorf("%v: it is %v", v, n)
	}
	if v.CompareAndSwap(second, first) || v.Load() != first {
		t.Errorf("%v: it was not %v", v, second)
	}
	if n := v.Add(second); n != sum || v.Load() != sum {
		t.Errorf("%v: %v + %v is %v", v, first, second, n)
	}
	if !v.CompareAndSwap(sum, second) || v.Load() != second {
		t.Errorf("%v: it was %v", v, sum)
	}
	if v.Store(first); v.Load() != first {
		t.Errorf("%v: it was set to %v", v, first)
	}
}

// A Value can be a number of every type of Fixed. Integers wrap around. PY-SHARE-01
func TestValue(t *testing.T) {
	leak.Check(t)
	testValue[int](t, 5, -3, 2)
	testValue[int8](t, 127, 2, -127)
	testValue[int16](t, -32768, -1, 32767)
	testValue[int32](t, -7, 9, 2)
	testValue[int64](t, math.MaxInt64, 1, math.MinInt64)
	testValue[uint](t, 1, 2, 3)
	testValue[uint8](t, 255, 3, 2)
	testValue[uint16](t, 1, 0xffff, 0)
	testValue[uint32](t, 1<<31, 1<<31+1, 1)
	testValue[uint64](t, math.MaxUint64, 10, 9)
	testValue[float32](t, 0.5, 0.25, 0.75)
	testValue(t, 1e300, -1e300, 0)
	testValue[small](t, 200, 100, 44)
	testValue[ratio](t, -1, 4, 3)
}

// CompareAndSwap compares bits: NaN equals itself, and −0 differs from 0.
func TestValueOfNaN(t *testing.T) {
	leak.Check(t)
	v, err := sharedmem.NewValue(math.NaN())
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if !v.CompareAndSwap(math.NaN(), 0) || v.CompareAndSwap(math.Copysign(0, -1), 1) || !v.CompareAndSwap(0, 1) {
		t.Error("it was not compared by its bits")
	}
}

// Goroutines of several processes add to a value at the same time, and no addition is lost.
func TestValueIsAtomic(t *testing.T) {
	leak.Check(t)
	v, err := sharedmem.NewValue(int32(0))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	var all []*mp.Process[int32]
	for range 3 {
		p, err := mp.Start(t.Context(), Count, counting{v, 2, 20000}, nil)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	for _, p := range all {
		if _, err := p.Result(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if n := v.Load(); n != 3*2*20000 {
		t.Errorf("%d were counted", n)
	}
}

// Close may be called while other goroutines use the value: their methods return, or panic with ErrClosed.
func TestValueClosedInUse(t *testing.T) {
	leak.Check(t)
	for range 50 {
		v, err := sharedmem.NewValue(int32(0))
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		begun := make(chan struct{}, 3)
		for range 3 {
			wg.Go(func() {
				err := panicOf(func() {
					for begun <- struct{}{}; ; {
						v.Add(1)
					}
				})
				if !errors.Is(err, mp.ErrClosed) {
					t.Error(err)
				}
			})
		}
		<-begun
		if err := v.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
	}
}

// The race detector sees that a value guards memory, even if the goroutines use different handles of the value.
func TestValueOrders(t *testing.T) {
	leak.Check(t)
	lock, err := sharedmem.NewValue(uint8(0))
	if err != nil {
		t.Fatal(err)
	}
	again := home(t, lock)
	defer lock.Close()
	defer again.Close()
	guarded := 0 // on the heap
	var wg sync.WaitGroup
	for i := range 4 {
		v := []*sharedmem.Value[uint8]{lock, again}[i%2]
		wg.Go(func() {
			for range 1000 {
				for !v.CompareAndSwap(0, 1) {
					runtime.Gosched()
				}
				guarded++
				v.Store(0)
			}
		})
	}
	wg.Wait()
	if guarded != 4000 {
		t.Error(guarded)
	}
}

// Home returns what it is given.
var Home = mp.Register("home", func(_ context.Context, v *sharedmem.Value[uint8]) (*sharedmem.Value[uint8], error) { return v, nil })

// home sends v to a child and back, and returns the handle that came back: another one of the same value.
func home(t *testing.T, v *sharedmem.Value[uint8]) *sharedmem.Value[uint8] {
	t.Helper()
	p, err := mp.Start(t.Context(), Home, v, nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.Result(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return again
}
