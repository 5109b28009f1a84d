package queue

import (
	"context"
	"encoding/binary"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

// producer is a queue and the client's end of it, which has a ring.
type producer struct {
	q    *Queue[string]
	ref  *share.Ref
	link link.Link
	ring *ring.Writer // nil: there is no shared memory
	tail *atomic.Uint64
}

// newProducer makes one that may put 3 items; before is called before it has a ring.
func newProducer(t *testing.T, before func(*Queue[string])) *producer {
	q, err := New[string](0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := link.NewMemory()
	p := &producer{q: q, ref: q.ref.Over(ours, theirs), link: theirs}
	t.Cleanup(func() {
		theirs.Close()
		q.Close()
		for range q.All(context.Background()) { // or it stays
			continue
		}
	})
	p.call(t, opOpen)
	q.broker.mu.Lock()
	q.broker.all[0].grant(3)
	q.broker.mu.Unlock()
	before(q)
	if memory := outletOf(t, p.ref); memory != nil {
		p.ring, p.tail = ring.NewWriter(memory, nil, nil), shm.Word64(memory)
	}
	return p
}

func (p *producer) call(t *testing.T, op link.Kind) {
	if _, err := p.ref.Call(context.Background(), op, nil, nil, nil); err != nil {
		t.Fatal(err)
	}
}

func (p *producer) write(linked uint32, item string) { p.ring.WriteTagged(linked, []byte(item)) }

// Who waits already when a ring is made wants to know of the first item in it.
func TestRingWhileSomebodyWaits(t *testing.T) {
	leak.Check(t)
	got := make(chan string)
	p := newProducer(t, func(q *Queue[string]) {
		go func() {
			v, _ := q.Get(context.Background())
			got <- v
		}()
		for n := 0; n == 0; time.Sleep(time.Millisecond) {
			q.broker.mu.Lock()
			n = q.broker.gets.len()
			q.broker.mu.Unlock()
		}
	})
	if p.ring == nil {
		p.q.Put(context.Background(), "one")
	} else {
		p.write(0, "one")
		if !p.ring.Asked() {
			t.Error("nobody wants to know")
		}
		p.call(t, opLook)
	}
	if v := <-got; v != "one" {
		t.Error(v)
	}
}

// What lies in a ring behind an item that goes over the link waits for that, but not for one that failed, or whose sender has died.
func TestRingWaitsForTheLink(t *testing.T) {
	leak.Check(t)
	for _, then := range []string{"comes", "fails", "dies"} {
		p := newProducer(t, func(*Queue[string]) {})
		if p.ring == nil {
			return
		}
		p.write(0, "one")
		p.write(1, "three")
		p.call(t, opLook)
		if v, err := p.q.TryGet(); v != "one" || err != nil {
			t.Error(v, err)
		}
		if v, err := p.q.TryGet(); err != ErrEmpty {
			t.Error(v, err)
		}
		want := []string{"three"}
		switch then {
		case "comes":
			want = []string{"two", "three"}
			if err := p.ref.Send(context.Background(), opPut, []byte("two"), nil); err != nil {
				t.Fatal(err)
			}
		case "fails":
			p.ref.Post(opLinked, binary.LittleEndian.AppendUint64(nil, 1))
		case "dies":
			p.link.Close()
		}
		var got []string
		for range want {
			v, _ := p.q.Get(context.Background())
			got = append(got, v)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
	}
}

// A client whose ring never stands still does not keep the owner from its other work.
func TestRingWithoutEnd(t *testing.T) {
	leak.Check(t)
	p := newProducer(t, func(q *Queue[string]) { go q.Get(context.Background()) })
	if p.ring == nil {
		return
	}
	p.write(1, "waits for the link")
	tail := p.tail
	there, back := tail.Load(), uint64(0)
	stop, stopped := make(chan bool), make(chan bool)
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				tail.Store(back)
				tail.Store(there)
			}
		}
	}()
	for range 1000 {
		if n := p.q.Len(); n != 0 {
			t.Fatal(n)
		}
		p.call(t, opLook)
	}
	close(stop)
	<-stopped
	p.q.Put(context.Background(), "for the Get")
}
