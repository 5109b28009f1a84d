package queue

import (
	"context"
	"encoding/binary"
	"runtime"
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

// producer is a queue and a client of it that has a ring.
type producer struct {
	q    *Queue[string]
	ref  *share.Ref
	link link.Link
	ring *ring.Writer // nil: there is no shared memory

	tail, head *atomic.Uint64 // of the ring
	asleep     *atomic.Uint32
}

// newProducer makes a producer that has room for 3 items. It calls before when the client has no ring yet.
func newProducer(t *testing.T, before func(*Queue[string])) *producer {
	q, err := New[string](0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := link.NewInProcess()
	p := &producer{q: q, ref: q.ref.Over(ours, theirs), link: theirs}
	t.Cleanup(func() {
		theirs.Close()
		q.Close()
		for range q.All(context.Background()) { // the owner keeps the queue until it is empty
			continue
		}
	})
	p.call(t, opOpen)
	q.broker.mu.Lock()
	q.broker.all[0].grant(3)
	q.broker.mu.Unlock()
	before(q)
	if memory := outletOf(t, p.ref); memory != nil {
		p.ring = ring.NewWriter(memory, nil, nil)
		p.tail, p.head, p.asleep = shm.Word64(memory), shm.Word64(memory[64:]), shm.Word32(memory[128:])
	}
	return p
}

func (p *producer) call(t *testing.T, op link.Kind) {
	if _, err := p.ref.Call(context.Background(), op, nil, nil, nil); err != nil {
		t.Fatal(err)
	}
}

func (p *producer) write(linked uint32, item string) { p.ring.WriteTagged(linked, []byte(item)) }

// If a Get waits already when a ring is made, the owner asks the client to tell it of the first item there.
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
		if !p.ring.TakeWake() {
			t.Error("nobody wants to know")
		}
		p.call(t, opLook)
	}
	if v := <-got; v != "one" {
		t.Error(v)
	}
}

// An item in a ring waits for the items that the client sent over the link before it. It does not wait for one that could not
// be sent, nor after the client's death.
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
			if err := p.ref.Send(context.Background(), opPut, []byte("two"), nil, nil); err != nil {
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

// A client that never stops writing to its ring does not keep the owner from its other work.
func TestRingWithoutEnd(t *testing.T) {
	leak.Check(t)
	p := newProducer(t, func(q *Queue[string]) {
		go q.Get(context.Background())
		waiting(t, q.broker, 1)
	})
	if p.ring == nil {
		return
	}
	p.write(1, "waits for the link")
	there := p.tail.Load()
	var asked atomic.Int64
	var stop atomic.Bool
	stopped := make(chan bool)
	go func() { // moves the tail all the time, and counts how often the owner has asked to be told of more
		defer close(stopped)
		for n := uint64(0); !stop.Load(); n++ {
			p.tail.Store(there + n%128*8)
			if p.asleep.CompareAndSwap(1, 0) {
				asked.Add(1)
			}
			if n%128 == 0 {
				runtime.Gosched()
			}
		}
	}()
	for asked.Load() < 500 { // each count shows that the owner and the client were both at work
		before := asked.Load()
		if n := p.q.Len(); n != 0 {
			t.Fatal(n)
		}
		p.call(t, opLook)
		if n := asked.Load() - before; n > 3 { // two may be from calls before
			t.Errorf("the owner has asked %d times for more", n)
			break
		}
		runtime.Gosched() // there may be only one processor
	}
	stop.Store(true)
	<-stopped
	p.q.Put(context.Background(), "for the Get")
}

// A client that fills its ring as fast as the owner empties it does not keep the owner from its other work, either: the owner
// takes in only the items that were there when it looked.
func TestRingAlwaysFull(t *testing.T) {
	leak.Check(t)
	p := newProducer(t, func(*Queue[string]) {})
	if p.ring == nil {
		return
	}
	b := p.q.broker
	b.mu.Lock()
	b.all[0].grant(unboundedRoom)
	b.mu.Unlock()
	const empty, laps = ringCapacity / 8, 20 // empty: how many items without bytes a ring of zeros is
	stopped := make(chan bool)
	go func() {
		defer close(stopped)
		for p.tail.Load() < laps*ringCapacity { // without end, the items would take all memory
			p.tail.Store(p.head.Load() + ringCapacity)
		}
	}()
	for last := uint64(0); last < laps*empty; {
		p.call(t, opLook)
		b.mu.Lock()
		if b.last-last > empty {
			t.Errorf("%d items came at once", b.last-last)
		}
		last = b.last
		b.mu.Unlock()
	}
	<-stopped
}
