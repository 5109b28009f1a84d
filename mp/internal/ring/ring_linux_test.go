package ring_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// pair makes both ends of a ring of this capacity, in shared memory with real bells.
func pair(t testing.TB, capacity int) (*ring.Writer, *ring.Reader) {
	t.Helper()
	return pairIn(t, newSegment(t, capacity).Bytes())
}

// pairIn makes both ends of a ring in mem. The race detector watches mem only if it is Go's memory.
func pairIn(t testing.TB, mem []byte) (*ring.Writer, *ring.Reader) {
	t.Helper()
	bell, room := newBell(t), newBell(t)
	return ring.NewWriter(mem, bell, room), ring.NewReader(mem, bell, room)
}

func newSegment(t testing.TB, capacity int) *shm.Segment {
	t.Helper()
	seg, err := shm.New(ring.Overhead + capacity)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(seg.Close)
	return seg
}

func newBell(t testing.TB) *sys.Bell {
	t.Helper()
	b, err := sys.NewBell()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// stuff is what records are cut out of.
var stuff = sync.OnceValue(func() []byte {
	b := make([]byte, 1<<19)
	rand.NewChaCha8([32]byte{}).Read(b)
	return b
})

// record is record number i of a sequence, of at most most bytes. Both sides know it, so that each byte of it is checked.
func record(seed uint64, i, most int) []byte {
	random := rand.New(rand.NewPCG(seed, uint64(i)))
	n := random.IntN(most + 1)
	switch random.IntN(8) {
	case 0:
		n = 0
	case 1:
		n = most
	case 2, 3, 4:
		n %= 65
	}
	from := random.IntN(len(stuff()) - n)
	return stuff()[from : from+n]
}

// send writes a record, and waits for room if it has to.
func send(w *ring.Writer, head, body []byte) error {
	for {
		ok, err := w.Write(head, body)
		if err != nil {
			return err
		}
		if ok {
			w.Wake()
			return nil
		}
		if err := w.AwaitRoom(len(head)+len(body), false); err != nil {
			return err
		}
	}
}

// receive reads a record into buf, and waits for one if it has to.
func receive(r *ring.Reader, buf []byte) ([]byte, error) {
	for {
		record, ok, err := r.Next()
		if err != nil {
			return nil, err
		}
		if ok {
			buf = append(buf[:0], record...)
			r.Done()
			return buf, nil
		}
		if err := r.Await(true); err != nil {
			return nil, err
		}
	}
}

// within fails the whole run, with all stacks, if this test takes far too long even for a busy machine: something hangs.
func within(t testing.TB) {
	t.Helper()
	hang := time.AfterFunc(4*time.Minute, func() {
		debug.SetTraceback("all")
		panic(t.Name() + " hangs")
	})
	t.Cleanup(func() { hang.Stop() })
}

// Records of all sizes arrive whole and in order, through rings that keep running full and empty.
func TestRecordsArriveWholeAndInOrder(t *testing.T) {
	for capacity := 64; capacity <= 1<<20; capacity *= 4 {
		t.Run(fmt.Sprint(capacity), func(t *testing.T) { records(t, newSegment(t, capacity).Bytes()) })
		t.Run(fmt.Sprint(capacity, " of Go's"), func(t *testing.T) { records(t, make([]byte, ring.Overhead+capacity)) })
	}
}

func records(t *testing.T, mem []byte) {
	leak.Check(t)
	within(t)
	most := ring.Most(len(mem) - ring.Overhead)
	n := min(2000, 32<<20/most)
	w, r := pairIn(t, mem)
	sent := make(chan error, 1)
	go func() {
		for i := range n {
			b := record(1, i, most)
			cut := i % (len(b) + 1)
			if err := send(w, b[:cut], b[cut:]); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	var buf []byte
	var err error
	for i := range n {
		if buf, err = receive(r, buf); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(buf, record(1, i, most)) {
			t.Fatalf("record %d is damaged", i)
		}
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	if _, ok, err := r.Next(); ok || err != nil {
		t.Fatalf("there is one more: %v, %v", ok, err)
	}
}
