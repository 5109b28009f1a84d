package sharedmem_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
)

func newOfEach(t *testing.T) *all {
	t.Helper()
	leak.Check(t)
	a, err := newAll()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// New memory has the size that was asked for and is zero, even right after other memory was closed.
//
// PY-SHM-02, PY-SHARE-01, PY-SHARE-05
func TestNew(t *testing.T) {
	for range 2 {
		a := newOfEach(t)
		if n := a.Memory.Size(); n != 5000 || len(a.Memory.Bytes()) != n || cap(a.Memory.Bytes()) != n {
			t.Errorf("%v has %d bytes", a.Memory, len(a.Memory.Bytes()))
		}
		if n := a.Ints.Len(); n != 1000 || len(a.Ints.Slice()) != n || cap(a.Ints.Slice()) != n {
			t.Errorf("%v has %d elements", a.Ints, len(a.Ints.Slice()))
		}
		if strings.Trim(string(a.Memory.Bytes()), "\x00") != "" {
			t.Error("there is something in it")
		}
		for _, n := range a.Ints.Slice() {
			if n != 0 {
				t.Fatal("there is something in it")
			}
		}
		for _, p := range a.Points.Slice() {
			if p != (point{}) {
				t.Fatal("there is something in it")
			}
		}
		if a.Count.Load() != -7 || a.Sum.Load() != 0.25 {
			t.Errorf("the values are %v and %v", a.Count, a.Sum)
		}
		fill(a)
		if err := a.close(); err != nil {
			t.Error(err)
		}
	}
}

// The parent sees what a child writes to shared memory. Memory that a child made and returned outlives the child.
//
// PY-SHM-08, PY-SHM-09, PY-SHARE-01, PY-SHARE-04, PY-SHARE-07
func TestAcrossProcesses(t *testing.T) {
	a := newOfEach(t)
	fill(a)
	p, err := mp.Start(t.Context(), Double, a, nil)
	if err != nil {
		t.Fatal(err)
	}
	if pid, err := p.Result(t.Context()); err != nil || pid == os.Getpid() {
		t.Fatal(pid, err)
	}
	filled(t, a)

	made, err := mp.Start(t.Context(), Make, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := made.Result(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := made.Join(t.Context()); err != nil {
		t.Error(err)
	}
	filled(t, b)
	if err := b.close(); err != nil {
		t.Error(err)
	}
}

// Memory stays when a child that received it is killed. For a child that made it, see TestNothingIsLeft of synchronize. PY-SHM-14
func TestKilledProcess(t *testing.T) {
	a := newOfEach(t)
	fill(a)
	p, err := mp.Start(t.Context(), Die, a, nil)
	if err != nil {
		t.Fatal(err)
	}
	var exit *mp.ExitError
	if _, err := p.Result(t.Context()); !errors.As(err, &exit) {
		t.Error(err)
	}
	filled(t, a)
}

// Many calls can send the same memory to workers, and each worker's call closes its own handle. Memory that the caller closes
// right after Submit arrives all the same.
func TestPool(t *testing.T) {
	a := newOfEach(t)
	pool, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	a.Count.Store(0)
	jobs := make([]counting, 50)
	for i := range jobs {
		jobs[i] = counting{a.Count, 2, 1000}
	}
	if _, err := mp.Map(t.Context(), pool, Count, jobs); err != nil {
		t.Error(err)
	}
	if n := a.Count.Load(); n != 50*2*1000 {
		t.Errorf("%d were counted", n)
	}

	b, err := newAll()
	if err != nil {
		t.Fatal(err)
	}
	f := mp.Submit(t.Context(), pool, Double, b)
	if err := b.close(); err != nil {
		t.Error(err)
	}
	if _, err := f.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

// PY-SHM-04: for a size that makes no sense, or that the system cannot provide, the error names the call.
func TestBadSizes(t *testing.T) {
	leak.Check(t)
	for _, n := range []int{0, -1, math.MinInt, math.MaxInt} {
		if n == math.MaxInt && strconv.IntSize == 32 {
			continue // 2 GiB: this machine may have them
		}
		memory, err := sharedmem.New(n)
		if memory != nil || err == nil || !strings.HasPrefix(err.Error(), "mp: sharedmem.New") {
			t.Errorf("New(%d): %v, error %v", n, memory, err)
		}
		array, err := sharedmem.NewArray[int64](n)
		if array != nil || err == nil || !strings.HasPrefix(err.Error(), "mp: sharedmem.NewArray[int64]") {
			t.Errorf("NewArray(%d): %v, error %v", n, array, err)
		}
		structs, err := sharedmem.NewArrayOf[point](n)
		if structs != nil || err == nil || !strings.HasPrefix(err.Error(), "mp: sharedmem.NewArrayOf[sharedmem_test.point]") {
			t.Errorf("NewArrayOf(%d): %v, error %v", n, structs, err)
		}
	}
}

func panicOf(f func()) (err error) {
	defer func() { err, _ = recover().(error) }()
	f()
	return nil
}

// After Close, and on a zero value, methods panic and say why. A second Close does nothing.
func TestClosed(t *testing.T) {
	leak.Check(t)
	closed, err := newAll()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := closed.close(); err != nil {
			t.Error(err)
		}
	}
	never := &all{new(sharedmem.SharedMemory), new(sharedmem.Array[int64]), new(sharedmem.Array[point]), new(sharedmem.Value[int32]), new(sharedmem.Value[float64])}
	for _, a := range []*all{closed, never} {
		for name, f := range map[string]func(){
			"SharedMemory.Bytes": func() { a.Memory.Bytes() }, "Array[int64].Slice": func() { a.Ints.Slice() },
			"Array[sharedmem_test.point].Slice": func() { a.Points.Slice() },
			"Value.Load":                        func() { a.Count.Load() }, "Value.Store": func() { a.Count.Store(1) }, "Value.Add": func() { a.Sum.Add(1) },
			"Value.CompareAndSwap": func() { a.Sum.CompareAndSwap(0, 1) },
		} {
			err := panicOf(f)
			if want := "mp: " + name + ": closed: its memory was closed in this process, or never made"; !errors.Is(err, mp.ErrClosed) || err.Error() != want {
				t.Errorf("\n got %v\nwant %v", err, want)
			}
		}
		for _, what := range []*all{{Memory: a.Memory}, {Ints: a.Ints}, {Points: a.Points}, {Count: a.Count}, {Sum: a.Sum}} {
			if _, err := mp.Start(t.Context(), Double, what, nil); !errors.Is(err, mp.ErrClosed) {
				t.Errorf("it was sent: %v", err)
			}
		}
	}
	if got, want := fmt.Sprint(closed.Memory, closed.Ints, closed.Count), "<SharedMemory size=5000 closed> <Array[int64] len=1000 closed> <Value[int32] closed>"; got != want {
		t.Errorf("%s instead of %s", got, want)
	}
	if closed.Memory.Size() != 5000 || closed.Ints.Len() != 1000 {
		t.Error("their sizes have gone")
	}
}

// PY-SHM-02
func TestString(t *testing.T) {
	a := newOfEach(t)
	if got, want := fmt.Sprint(a.Memory, a.Ints, a.Count, a.Sum), "<SharedMemory size=5000> <Array[int64] len=1000> <Value[int32] -7> <Value[float64] 0.25>"; got != want {
		t.Errorf("%s instead of %s", got, want)
	}
}

// Encoding shared memory outside of an argument or a result, as JSON or msgpack or in an any, is an error.
func TestElsewhere(t *testing.T) {
	a := newOfEach(t)
	for _, v := range []any{a.Memory, a.Ints, a.Points, a.Count, a.Sum} {
		if b, err := json.Marshal(v); err == nil {
			t.Errorf("%T in JSON is %s", v, b)
		}
		if b, err := msgpack.Marshal(v); err == nil {
			t.Errorf("%T in msgpack is %q", v, b)
		}
	}
	p, err := mp.Start(t.Context(), Anything, any(a.Memory), nil)
	if err == nil || !strings.Contains(err.Error(), "an any cannot carry a *sharedmem.SharedMemory") {
		t.Error(p, err)
	}
}

// A value that is never closed is garbage collected, and its descriptor is closed. A value in an argument that was not sent yet
// still arrives.
// PY-SHARE-10
func TestForgotten(t *testing.T) {
	leak.Check(t)
	p := func() *mp.Process[int32] {
		v, err := sharedmem.NewValue(int32(0))
		if err != nil {
			t.Fatal(err)
		}
		return mp.NewProcess(Count, counting{v, 1, 10}, nil)
	}()
	defer p.Close()
	for range 3 {
		runtime.GC()
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Result(t.Context()); err != nil || n != 10 {
		t.Error(n, err)
	}
}

var kept *sharedmem.SharedMemory

// Keep makes memory once, and returns it each time.
var Keep = mp.Register("keep", func(_ context.Context, text string) (m *sharedmem.SharedMemory, err error) {
	if kept == nil {
		if kept, err = sharedmem.New(100); err != nil {
			return nil, err
		}
	}
	copy(kept.Bytes(), text)
	return kept, nil
})

// A worker that has returned memory can go on using it, and return it again.
func TestReturnedAgain(t *testing.T) {
	leak.Check(t)
	pool, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	first, err := mp.Apply(t.Context(), pool, Keep, "first")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	again, err := mp.Apply(t.Context(), pool, Keep, "again")
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if text := string(first.Bytes()[:5]); text != "again" {
		t.Errorf("it holds %q", text)
	}
}
