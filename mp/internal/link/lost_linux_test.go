package link

import (
	"bytes"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// The offer of a slab whose descriptor was lost on the way is not taken for a refusal of our own slab.
func TestLostSlab(t *testing.T) {
	leak.Check(t)
	a, b := rings(t)
	defer a.Close()
	defer b.Close()
	ours := &a.(*Rings).slabs.lent[0].ready
	ours.Store(true)
	a.(*Rings).heedSlab(Msg{Kind: 0, Lost: true})
	if !ours.Load() {
		t.Error("our slab is not used any more")
	}
	ours.Store(false)
}

// A slab that the peer cannot map is given up, and no other one is made: bodies go over the stream. That also works while a body is
// being built in the slab, because the peer has said before that it can map it.
func TestRefusedSlab(t *testing.T) {
	for _, answers := range [][]byte{{0}, {1, 0}} {
		leak.Check(t)
		x, y := rings(t)
		a, b := x.(*Rings), y.(*Rings)
		b.slabs.answered[0] = true // the test answers, not b
		a.Heed(func(Msg, error) {})
		b.Heed(func(Msg, error) {})
		ours, size := &a.slabs.lent[0], classes[0].size
		send := func() (lent bool) {
			t.Helper()
			go a.Send(Msg{Body: pattern(1, size)})
			got := recv(t, b)
			if !bytes.Equal(got.Body, pattern(1, size)) {
				t.Error("it is damaged")
			}
			got.Release()
			a.sending.Lock()
			defer a.sending.Unlock()
			return ours.slab != nil
		}
		for i := 0; !send(); i++ {
			if i == classes[0].slots {
				t.Fatal("no slab was made")
			}
		}
		var built Msg
		for i, answer := range answers {
			b.answerSlab(0, answer)
			a.stream.pump.Load().awaitHeeded(uint32(i + 1))
			if answer == 1 {
				if built = a.Reserve(size); built.Body == nil {
					t.Fatal("it is mapped, and has no slot")
				}
			}
		}
		for range 2 * classes[0].slots {
			if send() {
				t.Error("the slab is there")
			}
		}
		if a.Reserve(size).Body != nil {
			t.Error("a slab that was refused has lent something")
		}
		if built.Body != nil {
			built.Body = append(built.Body, pattern(1, size)...)
			built.Release()
		}
		a.Close()
		b.Close()
	}
}
