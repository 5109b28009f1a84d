package link

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
)

// Each item is either begun or taken back, and both ends know which, even where the gate's numbers wrap round.
func TestGate(t *testing.T) {
	for _, base := range []uint64{0, 1<<31 - 50, 1<<32 - 50, math.MaxUint64 - 1<<20} {
		a, b := NewInProcessJournal()
		reader, writer := a.Journal(), b.Journal()
		begun := make(map[uint64]bool)
		next := base + 1
		for range 300 {
			limit := next + 1 + rand.Uint64N(200)
			reader.Allow(limit)
			from := next + rand.Uint64N(limit-next)
			var both sync.WaitGroup
			end := next
			both.Go(func() {
				for ; end < limit && writer.Begin(end); end++ {
					begun[end] = true
				}
			})
			taken := reader.TakeBack(from)
			both.Wait()
			switch at, working := reader.At(next); {
			case taken && end != from || !taken && end != limit:
				t.Fatalf("items %d to %d, taken back from %d: %v, and begun up to %d", next, limit, from, taken, end)
			case end > next && (!working || at != end-1):
				t.Fatalf("at %d, %v; want %d", at, working, end-1)
			}
			writer.Rest()
			if _, working := reader.At(next); working {
				t.Fatal("it works although it rests")
			}
			next = limit
			if taken { // what was taken back is gone for good
				reader.Allow(from)
				if writer.Begin(from) {
					t.Fatal("it began what was taken back")
				}
			}
		}
		if len(begun) == 0 {
			t.Fatal("nothing was begun")
		}
	}
}

// A writer that changes the gate all the time does not block the reader.
func TestHostileGate(t *testing.T) {
	a, b := NewInProcessJournal()
	stop := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for n := uint64(0); ; n++ {
			select {
			case <-stop:
				return
			default:
				b.Journal().gate.Store(n * 0x9e3779b97f4a7c15)
			}
		}
	})
	for n := range uint64(10_000) {
		a.Journal().Allow(n)
		a.Journal().TakeBack(n)
		a.Journal().At(n)
	}
	close(stop)
	writer.Wait()
}
