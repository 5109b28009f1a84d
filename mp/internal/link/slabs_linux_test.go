package link

import (
	"bytes"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// A body goes into the smallest slots that hold it, and the largest ones into none.
func TestClassOf(t *testing.T) {
	for n, want := range map[int]int{
		1: 0, 256 << 10: 0, 256<<10 + 1: 1, 1 << 20: 1, 1<<20 + 1: 2, 4 << 20: 2, 4<<20 + 1: 3, 16 << 20: 3, 16<<20 + 1: 4, 1 << 30: 4,
	} {
		class, ok := classOf(n)
		if ok != (want < len(classes)) || ok && class != want {
			t.Errorf("%d bytes are of class %d, %v; want %d", n, class, ok, want)
		}
	}
}

// heeding makes rings of which both ends heed.
func heeding(t *testing.T) (a, b *Rings) {
	x, y := rings(t)
	x.Heed(func(Msg, error) {})
	y.Heed(func(Msg, error) {})
	return x.(*Rings), y.(*Rings)
}

// Large bodies go through slabs once there have been some, and are what they were, whether they are released soon or late.
func TestLargeBodiesInSlabs(t *testing.T) {
	leak.Check(t)
	a, b := heeding(t)
	defer a.Close()
	defer b.Close()
	for _, way := range []struct{ from, to *Rings }{{a, b}, {b, a}} {
		const size = 300 << 10
		class, _ := classOf(size)
		ready := &way.from.slabs.lent[class].ready
		var held []Msg
		for i := 0; i < 100 || !ready.Load(); i++ {
			go func() {
				if err := way.from.Send(Msg{ID: uint64(i), Body: pattern(i, size+i%1000)}); err != nil {
					t.Error(err)
				}
			}()
			m := recv(t, way.to)
			if m.ID != uint64(i) || !bytes.Equal(m.Body, pattern(i, size+i%1000)) {
				t.Fatalf("message %d came as %d, or damaged", i, m.ID)
			}
			if i%10 == 0 && len(held) < 10 { // more than there are slots
				held = append(held, m)
			} else {
				m.Release()
			}
			if i == 100000 {
				t.Fatal("no slab was used")
			}
		}
		for i, m := range held {
			if id := int(m.ID); id != 10*i || !bytes.Equal(m.Body, pattern(id, size+id%1000)) {
				t.Errorf("message %d changed while it was held", m.ID)
			}
			m.Release()
		}
	}
}

// A body that is borrowed from a slot outlives its link.
func TestBorrowedSlotOutlivesLink(t *testing.T) {
	leak.Check(t)
	a, b := heeding(t)
	var last Msg
	for i := 0; ; i++ {
		go a.Send(Msg{Body: pattern(7, 1<<20)})
		last.Release()
		last = recv(t, b)
		if _, slot := last.lender.(*slotView); slot {
			break
		}
		if i > 10000 {
			t.Fatal("no slab was used")
		}
	}
	a.Close()
	b.Close()
	if !bytes.Equal(last.Body, pattern(7, 1<<20)) {
		t.Error("it changed")
	}
	last.Release()
}

// A peer that points to slots that are none ends the link, and nothing else.
func TestHostileSlots(t *testing.T) {
	for name, where := range map[string][]byte{
		"short":        {1, 0, 0, 0},
		"no class":     {9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0},
		"no slab":      {0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0},
		"a long one":   {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0},
		"a huge class": {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			leak.Check(t)
			a, b := heeding(t)
			defer a.Close()
			defer b.Close()
			b.sending.Lock()
			b.write(1, inSlab, 1, where, true)
			b.sending.Unlock()
			if _, err := a.Recv(); !errors.Is(err, errCorrupt) {
				t.Errorf("%v", err)
			}
		})
	}
}

// What is urged is heeded while nobody receives, and before what is sent after it; so is the end.
func TestUrge(t *testing.T) {
	for name, connect := range map[string]func(testing.TB) (a, b Link){"stream": streams, "rings": rings} {
		t.Run(name, func(t *testing.T) {
			leak.Check(t)
			a, b := connect(t)
			defer a.Close()
			defer b.Close()
			var heard atomic.Int32
			ended := make(chan error, 1)
			b.Heed(func(m Msg, end error) {
				if end != nil {
					ended <- end
					return
				}
				time.Sleep(time.Millisecond) // the one that receives has a chance to be first
				heard.Add(1)
				m.Release()
			})
			a.Heed(func(Msg, error) {})
			for i := range 20 {
				if err := a.Urge(Msg{Kind: 3, Body: []byte("stop")}); err != nil {
					t.Fatal(err)
				}
				if err := a.Send(Msg{ID: uint64(i)}); err != nil {
					t.Fatal(err)
				}
			}
			for i := range 20 {
				if m := recv(t, b); int(heard.Load()) < i+1 || m.ID != uint64(i) {
					t.Fatalf("message %d came when %d were heeded", m.ID, heard.Load())
				}
			}
			a.Close()
			if err := <-ended; err != io.EOF {
				t.Errorf("the end is told as %v", err)
			}
		})
	}
}
