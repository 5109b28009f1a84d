package shm_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

// FuzzSlab lets a lender and a borrower, and an attacker that writes nonsense to the words, take turns. The lender lends a slot
// again only if its word said so; the borrower views what is lent and within the slot, and nothing else.
func FuzzSlab(f *testing.F) {
	f.Add([]byte{3, 0, 0, 0, 0, 1, 0, 10, 2, 0, 0, 1, 0, 10, 0, 4, 5, 1, 1, 200})
	f.Add([]byte{1, 0, 3, 0, 0, 0, 3, 0, 1, 1, 0, 0, 3, 0, 9, 0, 0})
	f.Fuzz(func(t *testing.T, ops []byte) {
		next := func() int {
			if len(ops) == 0 {
				return 0
			}
			b := ops[0]
			ops = ops[1:]
			return int(b)
		}
		slots, size := 1+next()%5, 200
		lender, err := shm.NewSlab(slots, size)
		if err != nil {
			t.Fatal(err)
		}
		defer lender.Close()
		borrower, err := shm.OpenSlab(lender.File(), slots, size)
		if err != nil {
			t.Fatal(err)
		}
		defer borrower.Close()
		scribbler, err := shm.Open(lender.File(), 4096*(1+slots))
		if err != nil {
			t.Fatal(err)
		}
		defer scribbler.Close()
		word := func(slot int) []byte { return scribbler.Bytes()[64*slot:] }
		lent := func(slot int) uint32 { return binary.NativeEndian.Uint32(word(slot)) }

		out, viewed := make(map[int]bool), make(map[int]bool)
		for len(ops) > 0 {
			switch next() % 5 {
			case 0:
				for slot := range out {
					if lent(slot) == 0 {
						delete(out, slot)
					}
				}
				slot, mem, ok := lender.Take()
				if ok != (len(out) < slots) || ok && (out[slot] || slot < 0 || slot >= slots || len(mem) != size || cap(mem) != size) {
					t.Fatalf("slot %d, %d bytes, ok %v, while %v of %d are out", slot, len(mem), ok, out, slots)
				}
				if ok {
					out[slot] = true
					for i := range mem {
						mem[i] = byte(slot)
					}
				}
			case 1:
				slot, n := next()-2, next()-2
				view, err := borrower.View(slot, n)
				want := slot >= 0 && slot < slots && n >= 0 && n <= size && !viewed[slot] && lent(slot) == 1
				if want != (err == nil) || len(view) != max(0, n) && want || cap(view) != len(view) || err != nil && !errors.Is(err, shm.ErrNotLent) {
					t.Fatalf("%d bytes of slot %d: %d, capacity %d, error %v", n, slot, len(view), cap(view), err)
				}
				if want {
					viewed[slot] = true
				}
			case 2:
				slot := next() - 2
				borrower.Return(slot)
				delete(viewed, slot)
			case 3:
				slot, v := next()%slots, next()
				binary.NativeEndian.PutUint32(word(slot), []uint32{0, 1, 2, ^uint32(0), uint32(v) << 24}[v%5])
			case 4:
				lender.Return(next() - 2)
			}
		}
	})
}
