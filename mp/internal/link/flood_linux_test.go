package link

import (
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// A peer that has sent what nobody asked for is gone all the same when its process is.
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

// Who receives what comes after an urged message does not wait for it in vain because of all that stands between them.
func TestUrgedBehindMany(t *testing.T) {
	leak.Check(t)
	a, b := rings(t)
	defer a.Close()
	defer b.Close()
	a.Heed(func(m Msg, _ error) { m.Release() })
	b.Heed(func(m Msg, _ error) { m.Release() })
	sender := b.(*Rings)
	sender.urged.Add(1) // somebody is about to urge something
	body := make([]byte, mostInRing+1)
	const n = 2 * mostQueued
	go func() {
		for i := range n {
			_ = sender.stream.Send(Msg{ID: uint64(i), Body: body})
			_ = sender.write(1, onStream, uint64(i), nil, true)
		}
		_ = sender.stream.Urge(Msg{Kind: 5}) // and now it does
	}()
	for i := range n {
		if m := recv(t, a); m.ID != uint64(i) {
			t.Fatalf("message %d came for %d", m.ID, i)
		}
	}
}
