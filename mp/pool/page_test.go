//go:build !race

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

// Items that were cancelled before the worker came to them have no results. The page must not claim that they belong to the row
// that was sent before: the pool would settle them with the results of that row. The test, like the pool, reads the page while
// the worker may write it, of which the race detector would complain.
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
