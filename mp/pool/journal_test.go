package pool

import (
	"context"
	"encoding/binary"
	"runtime"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// A dead worker may have left nonsense in the journal: found must not trust it.
func TestHostileJournal(t *testing.T) {
	ours, theirs := link.NewInProcessJournal()
	w := &worker{journal: ours.Journal()}
	j := theirs.Journal()
	const first, count = 1000, 100
	for _, dense := range []int{0, 1, 2, 4, 8} {
		for _, done := range []int{0, 5} {
			k := &chunk{first: first, count: count, done: done, dense: dense}
			for _, shift := range []int{1, 32, 60, 61, 62, 63} {
				for _, at := range []uint64{0, k.id(), k.id() + 1, first + count - 1, first + count, 1 << shift} {
					for _, from := range []uint64{0, 1, at, at - 1, at + 1, at - 1<<shift, at - 1<<shift - 1, 1 << shift} {
						binary.LittleEndian.PutUint64(j.Page(), from)
						j.Allow(at + 1)
						j.Begin(at)
						n, results, running := w.found(k)
						if n < 0 || n >= count-done || n > 0 && (!running || len(results) < n*dense) {
							t.Fatalf("at %d, row from %d, dense %d: %d results in %d bytes, %v", at, from, dense, n, len(results), running)
						}
					}
				}
			}
		}
	}
}

// Items that were cancelled before the worker came to them have no results. The page must not say that they are those of the
// row that was sent before: the pool would settle them with these.
func TestPageOfCancelledItems(t *testing.T) {
	for _, dense := range []bool{false, true} {
		leak.Check(t)
		ours, theirs := link.NewInProcessJournal()
		s := newServer(theirs, false)
		ended := make(chan error)
		go func() { ended <- s.serve(func(context.Context) *spawn.Failure { return nil }) }()
		const count = 3
		task := func(first uint64) {
			h := taskHeader{function: spawn.ID(echo), count: count, telling: tellUntimed, dense: dense}
			b := wire.Buffer{Data: h.append(nil)}
			args := []int{1, 2, 3}
			if dense {
				spawn.EncodeDense(echo, &b, args)
			} else {
				codec, _ := wire.Compile[int]()
				for i := range args {
					start, files := beginItem(&b)
					codec.Encode(&b, &args[i])
					endItem(&b, start, files)
				}
			}
			ours.Journal().Allow(first + count)
			ours.Send(link.Msg{Kind: kindTask, ID: first, Body: b.Data})
		}
		next := func(want link.Kind) link.Msg {
			m, err := ours.Recv()
			if err != nil || m.Kind != want {
				t.Fatalf("message %d, %v, want %d", m.Kind, err, want)
			}
			return m
		}
		next(kindReady)
		task(100)
		next(kindResult)
		ours.Urge(cancelMessage(200, count, spawn.CauseCancel))
		for heeded := false; !heeded; runtime.Gosched() {
			s.mu.Lock()
			heeded = len(s.cancelled) > 0
			s.mu.Unlock()
		}
		task(200)
		for range count {
			m := next(kindFailure)
			if first := binary.LittleEndian.Uint64(ours.Journal().Page()); first < m.ID {
				t.Errorf("dense %v: the page is that of item %d when item %d has failed", dense, first, m.ID)
			}
		}
		ours.Close()
		<-ended
	}
}
