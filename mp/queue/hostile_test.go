package queue

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

// A client that sends nonsense, and writes nonsense into the words and the ring that it shares with the owner, harms only
// itself. For the others the queue goes on.
func TestHostileClient(t *testing.T) {
	leak.Check(t)
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		q, err := New[int]([]int{0, 3, 50}[rnd.IntN(3)])
		if err != nil {
			t.Fatal(err)
		}
		ours, theirs := link.NewInProcess()
		ref := q.ref.Over(ours, theirs)
		if _, err := ref.Call(context.Background(), opOpen, nil, nil, nil); err != nil {
			t.Fatal(err)
		}
		var words []*atomic.Uint64
		if rnd.IntN(3) > 0 {
			q.broker.mu.Lock()
			for _, c := range q.broker.clients {
				for _, w := range []*share.Word{&c.used, &c.limit, &c.aheadWord} {
					w.Uint64 = new(atomic.Uint64)
					words = append(words, w.Uint64)
				}
				c.grant(uint64(rnd.IntN(3)))
			}
			q.broker.mu.Unlock()
		}
		memory := outletOf(t, ref)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		for range 300 {
			body := make([]byte, rnd.IntN(30))
			for i := range body {
				body[i] = byte(rnd.IntN(3) * rnd.IntN(256))
			}
			short, stop := context.WithCancel(ctx)
			stop()
			ref.Call(short, opOpen+link.Kind(rnd.IntN(int(opReturn-opOpen)+2)), body, nil, nil)
			if len(words) > 0 && rnd.IntN(2) == 0 {
				words[rnd.IntN(3)].Store([]uint64{0, 1, 5, 1 << 47, 1 << 48, 1 << 62, 1<<64 - 1, rnd.Uint64()}[rnd.IntN(8)])
			}
			if len(memory) > 0 {
				scribble(rnd, memory)
			}
			switch rnd.IntN(3) {
			case 0:
				q.TryPut(1)
			case 1:
				q.TryGet() // may fail to decode an item of the client
			}
			q.Len()
		}
		theirs.Close()
		for left := 1; left > 0; time.Sleep(time.Millisecond) {
			q.broker.mu.Lock()
			left = len(q.broker.clients)
			q.broker.mu.Unlock()
		}
		for q.Len() > 0 {
			q.Get(ctx)
		}
		if err := q.Put(ctx, 8); err != nil {
			t.Error(err)
		}
		if v, err := q.Get(ctx); v != 8 || err != nil {
			t.Error(v, err)
		}
		q.Close()
		if _, err := q.Get(ctx); err == nil {
			t.Error("it is not closed")
		}
		cancel()
	}
}

// outletOf makes a ring for a client and returns its memory; nil: this system has no shared memory.
func outletOf(t *testing.T, ref *share.Ref) []byte {
	segment, err := shm.New(ringSize)
	if err != nil {
		return nil
	}
	t.Cleanup(segment.Close)
	m, err := ref.Call(context.Background(), opRing, nil, []*os.File{segment.File()}, nil)
	if err != nil || m.Kind != ansYes {
		t.Fatal(m.Kind, err)
	}
	segment.CloseFile()
	return segment.Bytes()
}

// scribble writes a record, which may have a wrong tag or be too long. Sometimes it overwrites a word or moves the tail, too.
func scribble(rnd *rand.Rand, memory []byte) {
	w := ring.NewWriterAt(memory, nil, nil, shm.Word64(memory).Load())
	w.WriteTagged(uint32(rnd.IntN(2)*rnd.IntN(100)), make([]byte, rnd.IntN(2*mostInRing)))
	at := ring.Overhead + rnd.IntN(ringCapacity/8)*8
	switch rnd.IntN(20) {
	case 0:
		binary.NativeEndian.PutUint64(memory[at:], rnd.Uint64()>>rnd.IntN(64))
	case 1:
		shm.Word64(memory).Add(uint64(rnd.IntN(2000) * rnd.IntN(8)))
	}
}

// Whatever lies in a ring, takeIn makes items of whole records only, and of no more than the client has room for.
func FuzzTakeIn(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0}, false)
	f.Add([]byte{0, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255}, true)
	f.Add(make([]byte, 40), false) // five empty items, and there is room for three
	f.Fuzz(func(t *testing.T, records []byte, all bool) {
		memory := make([]byte, ringSize)
		b := newBroker(0, false)
		c := &client{granted: 3}
		c.inlet.ring = ring.NewReader(memory, nil, nil)
		records = records[:min(len(records), ringCapacity)&^7]
		copy(memory[ring.Overhead:], records)
		shm.Word64(memory).Store(uint64(len(records)))
		c.inlet.ring.Look()
		records, _ = c.inlet.ring.Peek()
		b.takeIn(c, records, all)
		if n := b.items.len(); n > 3 || uint64(n) != c.usedUp {
			t.Errorf("%d items", n)
		}
		for b.items.len() > 0 {
			if it := b.items.pop(nil); len(it.data) > mostInRing {
				t.Errorf("an item of %d bytes", len(it.data))
			}
		}
	})
}

// The fifo keeps order at both ends, also when it grows.
func TestFIFO(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	var f fifo[int]
	var want []int
	for n := range 20_000 {
		switch k := rnd.IntN(9); {
		case k < 3:
			f.push(n)
			want = append(want, n)
		case k < 5:
			f.unget(n)
			want = append([]int{n}, want...)
		case len(want) == 0:
		case k < 7:
			if v := f.pop(); v != want[0] {
				t.Fatal(v, want[0])
			}
			want = want[1:]
		case k < 8:
			if v := f.popLast(); v != want[len(want)-1] {
				t.Fatal(v, want[len(want)-1])
			}
			want = want[:len(want)-1]
		default:
			f.remove(func(v *int) bool { return *v == want[0] })
			want = want[1:]
		}
		if f.len() != len(want) {
			t.Fatal(f.len(), len(want))
		}
	}
}

// The owner closes the files that come with a message that takes none.
func TestFilesOfNoUse(t *testing.T) {
	leak.CheckUncollected(t)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	q, err := New[int](0)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	ref := q.ref.Over(link.NewInProcess())
	for _, op := range []link.Kind{opMore, opTook, opLook, opLen, opJoin, opUntold} {
		if err := ref.Send(t.Context(), op, numbered(0), []*os.File{null}, nil); err != nil {
			t.Fatal(op, err)
		}
	}
	m, err := ref.Call(t.Context(), opLen, nil, nil, nil)
	if m.Release(); err != nil {
		t.Fatal(err)
	}
}
