package shm_test

import (
	"bytes"
	"errors"
	"math"
	"os"
	"sync"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

// both makes a slab and maps it a second time, as the borrower would.
func both(t testing.TB, slots, size int) (lender, borrower *shm.Slab) {
	t.Helper()
	lender, err := shm.NewSlab(slots, size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(lender.Close)
	borrower, err = shm.OpenSlab(lender.File(), slots, size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(borrower.Close)
	lender.CloseFile()
	return lender, borrower
}

func take(t testing.TB, s *shm.Slab) (slot int, mem []byte) {
	t.Helper()
	slot, mem, ok := s.Take()
	if !ok {
		t.Fatal("all slots are out")
	}
	return slot, mem
}

func refused(t *testing.T, s *shm.Slab, slot, n int) {
	t.Helper()
	if b, err := s.View(slot, n); !errors.Is(err, shm.ErrNotLent) {
		t.Errorf("%d bytes of slot %d: %d bytes, error %v", n, slot, len(b), err)
	}
}

// exhaust takes all slots that there are.
func exhaust(s *shm.Slab) (slots []int) {
	for {
		slot, _, ok := s.Take()
		if !ok {
			return slots
		}
		slots = append(slots, slot)
	}
}

// A slot is lent once, viewed once and within its size, and is lent again once it was returned.
func TestSlab(t *testing.T) {
	leak.Check(t)
	lender, borrower := both(t, 3, 5000)
	for slot := -1; slot <= 3; slot++ {
		refused(t, borrower, slot, 10) // nothing is lent yet
		borrower.Return(slot)
	}
	slot, mem := take(t, lender)
	if len(mem) != 5000 || cap(mem) != 5000 {
		t.Errorf("a slot has %d bytes, capacity %d", len(mem), cap(mem))
	}
	copy(mem, "a payload")
	refused(t, borrower, slot, -1)
	refused(t, borrower, slot, 5001)
	refused(t, borrower, slot, math.MaxInt)
	view, err := borrower.View(slot, 9)
	if err != nil || string(view) != "a payload" || cap(view) != 9 {
		t.Fatalf("%q, capacity %d, error %v", view, cap(view), err)
	}
	refused(t, borrower, slot, 9) // again

	// A slot that is out is not lent again; one that is back is.
	if others := exhaust(lender); len(others) != 2 || others[0] == slot || others[1] == slot || others[0] == others[1] {
		t.Errorf("slot %d is out, then %v are lent", slot, others)
	}
	borrower.Return(slot)
	borrower.Return(slot)
	refused(t, borrower, slot, 9)
	for range 10 {
		if again := exhaust(lender); len(again) != 1 || again[0] != slot {
			t.Errorf("slot %d is back, then %v are lent", slot, again)
		}
		if string(mem[:9]) != "a payload" {
			t.Error("it is other memory")
		}
		borrower.Return(slot) // without a view
	}
	take(t, lender)
	lender.Return(slot) // nothing was sent
	if again := exhaust(lender); len(again) != 1 || again[0] != slot {
		t.Errorf("slot %d is back, then %v are lent", slot, again)
	}
	if _, _, ok := borrower.Take(); ok {
		t.Error("the borrower lends")
	}
}

// Slots are next to each other and do not overlap, for every size.
func TestSlabSlots(t *testing.T) {
	leak.Check(t)
	for _, size := range []int{1, 63, 4095, 4096, 4097, 1 << 16} {
		for _, slots := range []int{1, 2, 65, 100} {
			lender, borrower := both(t, slots, size)
			for range slots {
				slot, mem := take(t, lender)
				for i := range mem {
					mem[i] = byte(slot + 1)
				}
			}
			for slot := range slots {
				view, err := borrower.View(slot, size)
				if err != nil || !bytes.Equal(view, bytes.Repeat([]byte{byte(slot + 1)}, size)) {
					t.Fatalf("slot %d of %d with %d bytes: error %v", slot, slots, size, err)
				}
			}
		}
	}
}

// NewSlab and OpenSlab refuse no slots, too many and too large ones. OpenSlab also refuses dimensions that do not fit its file.
func TestSlabThatCannotBe(t *testing.T) {
	leak.Check(t)
	for _, dim := range [][2]int{
		{0, 1},
		{-1, 1},
		{1, 0},
		{1, -1},
		{shm.MostSlots + 1, 1},
		{math.MaxInt, 1},
		{math.MinInt, math.MinInt},
		{1, math.MaxInt},
		{2, math.MaxInt/2 + 1},
		{shm.MostSlots, math.MaxInt / shm.MostSlots},
		{math.MaxInt, math.MaxInt},
	} {
		if s, err := shm.NewSlab(dim[0], dim[1]); err == nil {
			t.Errorf("%v: %v", dim, s)
		}
	}
	seg, err := shm.New(4096 + 2*4096)
	if err != nil {
		t.Fatal(err)
	}
	defer seg.Close()
	for _, dim := range [][2]int{{1, 4096}, {3, 4096}, {2, 4097}, {65, 4096}, {0, 4096}, {-2, 4096}} {
		if s, err := shm.OpenSlab(seg.File(), dim[0], dim[1]); err == nil {
			t.Errorf("%v: %v", dim, s)
		}
	}
}

// A view stays valid until its Return, even if the borrower or the lender was closed.
func TestSlabClose(t *testing.T) {
	leak.Check(t)
	lender, borrower := both(t, 2, 100)
	a, mem := take(t, lender)
	copy(mem, "a")
	b, mem := take(t, lender)
	copy(mem, "b")
	_, errA := borrower.View(a, 1)
	view, errB := borrower.View(b, 1)
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	borrower.Close()
	borrower.Close()
	borrower.Return(a)
	if slot, _ := take(t, lender); slot != a {
		t.Errorf("slot %d is lent, %d was returned", slot, a)
	}
	if _, err := borrower.View(a, 1); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
	lender.Close()
	if string(view) != "b" {
		t.Error("the view has gone")
	}
	if _, _, ok := lender.Take(); ok {
		t.Error("it is closed and lends")
	}
	lender.Return(a)
	borrower.Return(b) // unmaps the slab, too
	borrower.Return(b)
}

// A slot that is being written stays mapped after Close, until Hand or Return.
func TestCloseWhileWriting(t *testing.T) {
	leak.Check(t)
	lender, _ := both(t, 2, 1<<20)
	handed, mem := take(t, lender)
	returned, other := take(t, lender)
	lender.Close()
	clear(mem)
	lender.Hand(handed)
	clear(other)
	lender.Return(returned) // unmaps the slab, too
	lender.Hand(handed)
}

// While many goroutines lend and many return, a lender that knows that a slot is back gets one.
func TestSlabConcurrently(t *testing.T) {
	leak.Check(t)
	const slots, size, goroutines, each = 8, 256, 4, 1000
	lender, borrower := both(t, slots, size)
	type loan struct {
		slot int
		fill byte
	}
	loans, back := make(chan loan, slots), make(chan struct{}, slots)
	for range slots {
		back <- struct{}{}
	}
	var lenders, borrowers sync.WaitGroup
	for g := range goroutines {
		lenders.Go(func() {
			for i := range each {
				<-back
				slot, mem, ok := lender.Take()
				if !ok {
					t.Error("a slot is back and not lent")
					return
				}
				fill := byte(g*each + i)
				for j := range mem {
					mem[j] = fill
				}
				lender.Hand(slot)
				loans <- loan{slot, fill}
			}
		})
		borrowers.Go(func() {
			for l := range loans {
				view, err := borrower.View(l.slot, size)
				if err != nil {
					t.Error(err)
				} else if bytes.Count(view, []byte{l.fill}) != len(view) {
					t.Error("a slot was lent twice")
				}
				borrower.Return(l.slot)
				back <- struct{}{}
			}
		})
	}
	lenders.Wait()
	close(loans)
	borrowers.Wait()
	if all := exhaust(lender); len(all) != slots {
		t.Errorf("%v came back", all)
	}
}
