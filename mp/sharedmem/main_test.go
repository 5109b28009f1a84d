package sharedmem_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
)

func TestMain(m *testing.M) { mp.TestMain(m) }

// point is the element type of an array of structs.
type point struct {
	X, Y  float64
	Name  [8]byte
	Flags uint8
	inner int16
}

// all has an object of each type of the package.
type all struct {
	Memory *sharedmem.SharedMemory
	Ints   *sharedmem.Array[int64]
	Points *sharedmem.Array[point]
	Count  *sharedmem.Value[int32]
	Sum    *sharedmem.Value[float64]
}

func (a *all) close() error {
	return errors.Join(a.Memory.Close(), a.Ints.Close(), a.Points.Close(), a.Count.Close(), a.Sum.Close())
}

func newAll() (a *all, err error) {
	a = new(all)
	errs := make([]error, 5)
	a.Memory, errs[0] = sharedmem.New(5000)
	a.Ints, errs[1] = sharedmem.NewArray[int64](1000)
	a.Points, errs[2] = sharedmem.NewArrayOf[point](10)
	a.Count, errs[3] = sharedmem.NewValue(int32(-7))
	a.Sum, errs[4] = sharedmem.NewValue(0.25)
	return a, errors.Join(errs...)
}

var (
	// Double doubles what it is given.
	Double = mp.Register("double", func(_ context.Context, a *all) (int, error) {
		double(a)
		return os.Getpid(), a.close()
	})
	// Make makes an all, fills and doubles it, and returns it without closing it.
	Make = mp.Register("make", func(context.Context, int) (*all, error) {
		a, err := newAll()
		if err == nil {
			fill(a)
			double(a)
		}
		return a, err
	})
	// Count adds 1 to its value, Times times in each of so many goroutines.
	Count = mp.Register("count", count)
	// Die doubles what it is given and kills its process.
	Die = mp.Register("die", func(_ context.Context, a *all) (int, error) {
		double(a)
		prog.Kill(os.Getpid())
		select {}
	})
)

func fill(a *all) {
	copy(a.Memory.Bytes(), "\x01\x02\x03")
	for i := range a.Ints.Slice() {
		a.Ints.Slice()[i] = int64(i)
	}
	for i := range a.Points.Slice() {
		a.Points.Slice()[i] = point{X: float64(i), Y: 0.5, Name: [8]byte{'p', byte(i)}, Flags: 1, inner: int16(-i)}
	}
}

func double(a *all) {
	for i := range a.Memory.Bytes() {
		a.Memory.Bytes()[i] *= 2
	}
	for i := range a.Ints.Slice() {
		a.Ints.Slice()[i] *= 2
	}
	for i := range a.Points.Slice() {
		p := &a.Points.Slice()[i]
		p.X, p.Y, p.inner = 2*p.X, 2*p.Y, 2*p.inner
	}
	a.Count.Add(a.Count.Load())
	a.Sum.Add(a.Sum.Load())
}

// filled checks that a is as fill and double left it.
func filled(t *testing.T, a *all) {
	t.Helper()
	for i, b := range a.Memory.Bytes() {
		if want := map[int]byte{0: 2, 1: 4, 2: 6}[i]; b != want {
			t.Fatalf("byte %d is %d instead of %d", i, b, want)
		}
	}
	for i, n := range a.Ints.Slice() {
		if n != 2*int64(i) {
			t.Fatalf("number %d is %d", i, n)
		}
	}
	for i, p := range a.Points.Slice() {
		if want := (point{2 * float64(i), 1, [8]byte{'p', byte(i)}, 1, int16(-2 * i)}); p != want {
			t.Fatalf("point %d is %+v instead of %+v", i, p, want)
		}
	}
	if a.Count.Load() != -14 || a.Sum.Load() != 0.5 {
		t.Fatalf("the values are %v and %v", a.Count, a.Sum)
	}
}
