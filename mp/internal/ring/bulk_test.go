package ring_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

// Tagged records arrive whole and in order, however many the reader takes at a time. After RequestWake, the next record makes
// TakeWake true.
func TestBulk(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	mem := make([]byte, ring.Overhead+256)
	w, r := ring.NewWriter(mem, nil, nil), ring.NewReader(mem, nil, nil)
	written, read := uint32(0), uint32(0)
	content := func(i uint32) []byte { return bytes.Repeat([]byte{byte(i)}, int(i)%50) }
	for range 10_000 {
		r.RequestWake()
		before := written
		for range rnd.IntN(5) {
			fits, err := w.Fits(len(content(written)))
			ok, err2 := w.WriteTagged(written, content(written))
			if ok != fits || err != nil || err2 != nil {
				t.Fatal(ok, fits, err, err2)
			}
			if ok {
				written++
			}
		}
		if written > before && !w.TakeWake() {
			t.Fatal("it did not hear of a record")
		}
		r.Look()
		records, err := r.Peek()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for range rnd.IntN(4) {
			tag, size, taken, ok, err := ring.Split(records[n:], 56)
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			if tag != read || !bytes.Equal(records[n+8:n+8+size], content(read)) {
				t.Fatal(tag, read)
			}
			read++
			n += taken
		}
		r.Advance(n)
	}
	if read < 1000 {
		t.Error(read)
	}
}

// Reader and Writer return ErrCorrupt for good after a tail or a head that makes no sense.
func TestBulkHostile(t *testing.T) {
	for _, tail := range []uint64{4, 7, 1 << 20, 1 << 63} {
		mem := make([]byte, ring.Overhead+256)
		r := ring.NewReader(mem, nil, nil)
		shm.Word64(mem).Store(tail)
		r.Look()
		if _, err := r.Peek(); !errors.Is(err, ring.ErrCorrupt) {
			t.Error(tail, err)
		}
		w := ring.NewWriter(mem, nil, nil)
		shm.Word64(mem[64:]).Store(tail)
		if _, err := w.Fits(8); !errors.Is(err, ring.ErrCorrupt) {
			t.Error(tail, err)
		}
	}
	mem := make([]byte, ring.Overhead+256)
	r := ring.NewReader(mem, nil, nil)
	put(mem, dataAt, ^uint64(0)) // skip to the front, where nothing is
	shm.Word64(mem).Store(256)
	r.Look()
	if _, err := r.Peek(); !errors.Is(err, ring.ErrCorrupt) {
		t.Error(err)
	}
}
