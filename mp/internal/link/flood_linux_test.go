package link

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// A link notices the end of the peer's process even behind a flood of unasked messages.
func TestEndBehindAFlood(t *testing.T) {
	for name, connect := range map[string]func(testing.TB) (a, b Link){"stream": streams, "rings": rings} {
		t.Run(name, func(t *testing.T) {
			leak.Check(t)
			a, b := connect(t)
			ended := make(chan error, 1)
			a.Heed(func(m Msg, end error) {
				if end != nil {
					ended <- end
				}
			})
			flood, stream := b, a
			if r, ok := b.(*Rings); ok {
				flood, stream = r.stream, a.(*Rings).stream
			}
			for range 2 * mostQueued {
				if err := flood.Send(Msg{Kind: 9}); err != nil {
					t.Fatal(err)
				}
			}
			b.Close()
			stream.(*Stream).PeerEnded(time.Second)
			select {
			case <-ended:
			case <-time.After(5 * time.Second):
				t.Error("nobody hears of the end")
			}
			a.Close()
		})
	}
}

// A receiver gets the messages after an urged one, however many come before the urged one on the stream: at most as many as the ring
// has records for, and one that has no record yet.
func TestUrgedBehindMany(t *testing.T) {
	leak.Check(t)
	a, b := rings(t)
	defer a.Close()
	defer b.Close()
	a.Heed(func(m Msg, _ error) { m.Release() })
	b.Heed(func(m Msg, _ error) { m.Release() })
	sender := b.(*Rings)
	sender.urged.Add(1) // as if a sender were about to urge something
	sent := make(chan uint64, 1)
	go func() {
		n := uint64(0)
		for room := true; room; n++ {
			_ = sender.stream.Send(Msg{ID: n})
			room, _ = sender.put(1, onStream, n, nil, true)
		}
		sent <- n
		_ = sender.stream.Urge(Msg{Kind: 5}) // now the sender urges it
		_ = sender.write(1, onStream, n-1, nil, true)
	}()
	for next, n := uint64(0), uint64(math.MaxUint64); next < n; next++ {
		if m := recv(t, a); m.ID != next {
			t.Fatalf("message %d came for %d", m.ID, next)
		}
		if next == 0 { // it comes only when all were sent
			n = <-sent
		}
	}
}

// A peer that announces an urged message, never sends it and floods the stream instead, ends the link.
func TestUrgedNever(t *testing.T) {
	leak.Check(t)
	a, b := rings(t)
	defer a.Close()
	ended := make(chan error, 1)
	a.Heed(func(_ Msg, end error) { ended <- end })
	hostile := b.(*Rings)
	hostile.urged.Add(1)
	if err := hostile.write(1, inRecord, 1, nil, true); err != nil {
		t.Fatal(err)
	}
	received := make(chan error, 1)
	go func() {
		_, _ = a.Recv() // the record, although no urged message came before it
		_, err := a.Recv()
		received <- err
	}()
	flooded := make(chan struct{})
	go func() {
		defer close(flooded)
		for range 4 * mostAhead {
			_ = hostile.stream.Send(Msg{Kind: 9})
		}
		b.Close()
	}()
	for _, c := range []chan error{ended, received} {
		if err := <-c; !errors.Is(err, errCorrupt) || !strings.Contains(err.Error(), "messages without end, and not the one") {
			t.Errorf("the end is %v", err)
		}
	}
	a.Close()
	<-flooded
}
