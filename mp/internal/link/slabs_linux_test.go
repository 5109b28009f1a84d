package link

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// A body goes into the smallest slots that hold it, and one that is too large for all into none.
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

// heeding makes rings with Heed called at both ends.
func heeding(t *testing.T) (a, b *Rings) {
	x, y := rings(t)
	x.Heed(func(Msg, error) {})
	y.Heed(func(Msg, error) {})
	return x.(*Rings), y.(*Rings)
}

// Large bodies go through slabs once there have been some, and do not change, whether they are released soon or late.
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

// lends sends bodies until those of that size go through slabs.
func lends(t *testing.T, from, to *Rings, size int) {
	class, _ := classOf(size)
	for !from.slabs.lent[class].ready.Load() {
		go from.Send(Msg{Body: pattern(0, size)})
		m := recv(t, to)
		m.Release()
	}
}

// A body that is built in a slot is sent from there; one that outgrows it, or is too small after all, arrives as well. All slots
// come back.
func TestReserve(t *testing.T) {
	leak.Check(t)
	a, b := heeding(t)
	defer a.Close()
	defer b.Close()
	const size = 200 << 10
	if m := a.Reserve(size); m.Body != nil || m.InPlace() {
		t.Error("something was reserved where there is nothing yet")
	}
	lends(t, a, b, size)
	for i := range 30 {
		m := a.Reserve(size)
		if m.Body == nil {
			t.Fatal("there is no slot")
		}
		n := []int{size, 300 << 10, 10}[i%3]
		m.ID, m.Body = uint64(i), append(m.Body, pattern(i, n)...)
		if in := m.InPlace(); in != (i%3 != 1) {
			t.Errorf("%d bytes lie in place: %v", n, in)
		}
		go a.Send(m)
		got := recv(t, b)
		if _, slot := got.lender.(*slotView); i%3 == 0 && !slot {
			t.Error("it came another way")
		}
		if got.ID != uint64(i) || !bytes.Equal(got.Body, pattern(i, n)) {
			t.Errorf("message %d came as %d, or damaged", i, got.ID)
		}
		got.Release()
	}
	var all []Msg
	for m := a.Reserve(size); m.Body != nil; m = a.Reserve(size) {
		all = append(all, m)
	}
	if len(all) != classes[0].slots {
		t.Errorf("%d slots came back", len(all))
	}
	for _, m := range all {
		m.Release()
	}
	if a.Reserve(10).Body != nil || a.Reserve(1<<30).Body != nil {
		t.Error("a slot was reserved for what does not need one")
	}
}

// A reserved body can be built, and released, after the link was closed.
func TestReservedBodyOutlivesLink(t *testing.T) {
	leak.Check(t)
	a, b := heeding(t)
	lends(t, a, b, 1<<20)
	m, unsent := a.Reserve(1<<20), a.Reserve(1<<20)
	a.Close()
	b.Close()
	m.Body = append(m.Body, pattern(1, 1<<20)...)
	unsent.Body = append(unsent.Body, pattern(1, 1<<20)...)
	if err := a.Send(m); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	unsent.Release()
	if a.Reserve(1<<20).Body != nil {
		t.Error("a closed link has lent something")
	}
}

// A peer that refers to slots that do not exist ends the link, and does no other harm.
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

// A peer that offers the same slabs again and again, without reading the answers, gets one answer for each class.
func TestManySlabs(t *testing.T) {
	leak.Check(t)
	a, b := rings(t)
	defer a.Close()
	defer b.Close()
	const offers = 50000
	last := make(chan struct{})
	a.Heed(func(m Msg, end error) {
		if end == nil {
			close(last)
		}
	})
	noSlab, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer noSlab.Close()
	flood, before := &b.(*Rings).stream.out, runtime.NumGoroutine()
	for i := range offers {
		m := Msg{Kind: Kind(i % len(classes)), Files: []*os.File{noSlab}}
		if err := flood.send(m, flagUrgent|flagSlab, true); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Urge(Msg{}); err != nil {
		t.Fatal(err)
	}
	<-last
	if more := runtime.NumGoroutine() - before; more > len(classes) {
		t.Errorf("%d goroutines answer", more)
	}
}

// Urged messages are heeded while no goroutine receives, and before messages that are sent after them. So is the end of the link.
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
				time.Sleep(time.Millisecond) // the receiver has a chance to be first
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
