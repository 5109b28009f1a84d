package sharedmem_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
)

// These sizes belong to no other mapping of a test process: rounded up, they are 1 MiB and one page, and 1 MiB and two pages.
const (
	forgottenSize = 1<<20 + 1
	viewedSize    = 1<<20 + 4097
)

// mappings counts this process's mappings of shared memory of this size.
func mappings(t *testing.T, size int) (n int) {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	page := os.Getpagesize()
	for line := range strings.Lines(string(maps)) {
		var from, to uint64
		if _, err := fmt.Sscanf(line, "%x-%x", &from, &to); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if strings.Contains(line, "memfd:mp") && to-from == uint64((size+page-1)/page*page) {
			n++
		}
	}
	return n
}

// eventually waits until f returns true, and fails the test after ten seconds.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: there are %d mappings, and %d with a view", what, mappings(t, forgottenSize), mappings(t, viewedSize))
		}
	}
}

// collected runs the garbage collector until there are no mappings of forgottenSize any more.
func collected(t *testing.T) {
	t.Helper()
	eventually(t, "after garbage collections", func() bool {
		runtime.GC()
		return mappings(t, forgottenSize) == 0
	})
}

// both has one object of each type that gives out a slice of its memory.
type both struct {
	Memory *sharedmem.SharedMemory
	Array  *sharedmem.Array[byte]
}

// broken cannot be decoded.
type broken struct{}

func (broken) EncodeMsgpack(enc *msgpack.Encoder) error  { return enc.EncodeNil() }
func (*broken) DecodeMsgpack(dec *msgpack.Decoder) error { return errors.New("it is broken") }

type bothAndBroken struct {
	Both   both
	Broken broken
}

var made both

// keepBoth makes memory once and returns the same each time, so that a worker has two mappings, however often it returns them.
func keepBoth() (_ both, err error) {
	if made.Memory == nil {
		var errs [2]error
		made.Memory, errs[0] = sharedmem.New(forgottenSize)
		made.Array, errs[1] = sharedmem.NewArray[byte](forgottenSize)
		err = errors.Join(errs[:]...)
	}
	return made, err
}

var (
	// Seven returns memory, except for 7, for which it returns an error.
	Seven = mp.Register("seven", func(_ context.Context, i int) (both, error) {
		if i == 7 {
			return both{}, errors.New("not 7")
		}
		return keepBoth()
	})
	// Break returns memory in a result that the parent cannot decode.
	Break = mp.Register("break", func(context.Context, int) (bothAndBroken, error) {
		b, err := keepBoth()
		return bothAndBroken{Both: b}, err
	})
)

// Memory in a result that the caller does not get, because another item failed, decoding failed or the loop was left, is garbage
// collected.
func TestReceivedForNobody(t *testing.T) {
	leak.Check(t)
	pool, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 1}) // so that the results come one after the other
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for range 50 {
		_, err := mp.Map(t.Context(), pool, Seven, []int{0, 1, 2, 3, 4, 5, 6, 7})
		if err == nil || !strings.Contains(err.Error(), "not 7") {
			t.Fatal(err)
		}
	}
	collected(t)

	for range 50 {
		_, err := mp.Apply(t.Context(), pool, Break, 0)
		if err == nil || !strings.Contains(err.Error(), "it is broken") {
			t.Fatal(err)
		}
	}
	collected(t)

	for b, err := range mp.IMap(t.Context(), pool, Seven, slices.Values([]int{0, 1, 2, 3, 4, 5, 6})) {
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "until all results are here", func() bool { return mappings(t, forgottenSize) == 2*7 })
		if err := errors.Join(b.Memory.Close(), b.Array.Close()); err != nil {
			t.Error(err)
		}
		break
	}
	collected(t)
}

// A slice of shared memory keeps the mapping when the object is garbage. Without a slice, the mapping goes with the object.
func TestViewOutlivesIt(t *testing.T) {
	leak.Check(t)
	before := mappings(t, viewedSize) // left by an earlier run of this test: with -count, they may not be collected yet
	bytes, elements := func() ([]byte, []byte) {
		var all [4]both
		for i := range all {
			var errs [2]error
			all[i].Memory, errs[0] = sharedmem.New(viewedSize)
			all[i].Array, errs[1] = sharedmem.NewArray[byte](viewedSize)
			if err := errors.Join(errs[:]...); err != nil {
				t.Fatal(err)
			}
		}
		return all[1].Memory.Bytes(), all[2].Array.Slice()
	}()
	eventually(t, "six have no slice", func() bool {
		runtime.GC()
		return mappings(t, viewedSize) <= before+2
	})
	for range 3 {
		runtime.GC()
	}
	if n := mappings(t, viewedSize); n != before+2 {
		t.Fatalf("there are %d mappings, and were %d", n, before)
	}
	bytes[0], bytes[viewedSize-1], elements[0], elements[viewedSize-1] = 1, 1, 1, 1
}

// Memory that is closed just as it becomes garbage is unmapped once. A second unmap could hit another mapping at that address.
func TestClosedOrForgotten(t *testing.T) {
	leak.Check(t)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			runtime.GC()
		}
	})
	var makers sync.WaitGroup
	for n := range 4 {
		makers.Go(func() {
			for i := range 300 {
				m, err := sharedmem.New(1 + n*os.Getpagesize())
				if err != nil {
					t.Error(err)
					return
				}
				if i%2 == 0 {
					m.Bytes()[0] = 1
				}
				if i%3 != 0 || i%2 == 0 { // the others are forgotten
					if err := m.Close(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	makers.Wait()
	stop()
	wg.Wait()
	runtime.GC()
}
