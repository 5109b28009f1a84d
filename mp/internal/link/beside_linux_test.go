package link

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// heeded makes both ends of a link of rings, with Heed called.
func heeded(t *testing.T) (a, b *Rings) {
	x, y := rings(t)
	for _, l := range []Link{x, y} {
		l.Heed(func(m Msg, _ error) { m.Release() })
		t.Cleanup(func() { l.Close() })
	}
	return x.(*Rings), y.(*Rings)
}

// getBeside waits until Recv sleeps, and claims the place beside it.
func getBeside(l *Rings) {
	for !l.TryBeside() {
		runtime.Gosched()
	}
}

// sleepsBeside waits until the caller beside Recv sleeps, or is about to.
func sleepsBeside(l *Rings) {
	for l.waiting.TryLock() {
		l.waiting.Unlock()
		runtime.Gosched()
	}
}

func never() bool { return false }

// Whichever goroutine receives, each message is handled once and in order, even one that only Recv can receive, and no receiver
// sleeps while there are messages.
func TestBesideInOrder(t *testing.T) {
	leak.Check(t)
	a, b := heeded(t)
	const n = 20000
	var next atomic.Uint64
	over := make(chan struct{})
	handle := func(m Msg) {
		want := next.Load()
		if m.ID != want || !bytes.Equal(m.Body, pattern(int(m.ID), len(m.Body))) {
			t.Errorf("message %d of %d bytes instead of %d", m.ID, len(m.Body), want)
		}
		m.Release()
		if next.Store(want + 1); want+1 == n {
			close(over)
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			m, err := b.Recv()
			if err != nil {
				return
			}
			handle(m)
		}
	})
	beside := 0
	for range 2 {
		wg.Go(func() {
			for next.Load() < n {
				if !b.TryBeside() {
					runtime.Gosched()
					continue
				}
				until := next.Load() + 1 + rand.Uint64N(3)
				b.RecvBeside(func() bool { return next.Load() >= min(until, n) }, func(m Msg) { beside++; handle(m) })
			}
		})
	}
	for i := range n {
		size := rand.IntN(200)
		switch {
		case i%1000 == 500:
			size = mostInRing + 1
		case i%1000 == 700:
			if err := a.Urge(Msg{Kind: 7}); err != nil {
				t.Error(err)
			}
		}
		if err := a.Send(Msg{ID: uint64(i), Body: pattern(i, size)}); err != nil {
			t.Fatal(err)
		}
		for range rand.IntN(20) {
			runtime.Gosched()
		}
		if i%100 == 0 { // all sleep
			for next.Load() <= uint64(i) {
				runtime.Gosched()
			}
		}
	}
	<-over
	b.Close()
	wg.Wait()
	if beside == 0 {
		t.Error("Recv has received everything")
	}
}

// A caller beside Recv leaves when it is done. Recv, which has slept meanwhile, receives the next message.
func TestBesideIsDisturbed(t *testing.T) {
	leak.Check(t)
	a, b := heeded(t)
	got := make(chan Msg)
	go func() {
		m, _ := b.Recv()
		got <- m
	}()
	for range 100 {
		getBeside(b)
		var done atomic.Bool
		left := make(chan struct{})
		go func() {
			b.RecvBeside(done.Load, func(m Msg) { t.Errorf("message %d", m.ID) })
			close(left)
		}()
		if rand.IntN(2) == 0 {
			sleepsBeside(b)
		}
		done.Store(true)
		b.Disturb()
		<-left
	}
	if err := a.Send(Msg{ID: 5}); err != nil {
		t.Error(err)
	}
	if m := <-got; m.ID != 5 {
		t.Errorf("message %d", m.ID)
	}
}

// A caller beside Recv leaves when a sender waits for room, because both need the same bell.
func TestBesideMakesWay(t *testing.T) {
	leak.Check(t)
	a, b := heeded(t)
	go b.Recv()
	for range 20 {
		getBeside(b)
		left := make(chan struct{})
		go func() {
			b.RecvBeside(never, func(Msg) {})
			close(left)
		}()
		sleepsBeside(b)
		const n = ringCapacity/1000 + 10
		sent := make(chan error, 1)
		go func() {
			for i := range n {
				if err := b.Send(Msg{ID: uint64(i), Body: make([]byte, 1000)}); err != nil {
					sent <- err
					return
				}
			}
			sent <- nil
		}()
		<-left
		for i := range n {
			m := recv(t, a)
			if m.ID != uint64(i) {
				t.Fatalf("message %d instead of %d", m.ID, i)
			}
			m.Release()
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
	}
}

// Recv is woken again if its bell has rung after the last look of the caller beside it and before that caller has left, while Recv
// could not look.
func TestBesideLeavesLate(t *testing.T) {
	leak.Check(t)
	for i := range 40 {
		a, b := heeded(t)
		got := make(chan error)
		go func() {
			_, err := b.Recv()
			got <- err
		}()
		getBeside(b)
		filled := b.announceRecv()
		var want error
		if i%2 == 0 {
			want = io.EOF
			a.Close()
		} else if err := a.Send(Msg{ID: 5}); err != nil {
			t.Fatal(err)
		}
		for !b.turnedAway.Load() {
			runtime.Gosched()
		}
		b.leave(filled)
		if err := <-got; err != want {
			t.Fatalf("%v instead of %v", err, want)
		}
		a.Close()
		b.Close()
	}
}

// When the link ends, the caller beside Recv leaves, and Recv ends.
func TestBesideEnds(t *testing.T) {
	leak.Check(t)
	for _, ours := range []bool{true, false} {
		a, b := heeded(t)
		got := make(chan error)
		go func() {
			_, err := b.Recv()
			got <- err
		}()
		getBeside(b)
		left := make(chan struct{})
		go func() {
			b.RecvBeside(never, func(Msg) {})
			close(left)
		}()
		want := io.EOF
		if ours {
			want = ErrClosed
			b.Close()
		} else {
			a.Close()
		}
		<-left
		if err := <-got; !errors.Is(err, want) {
			t.Errorf("%v instead of %v", err, want)
		}
		if ours && b.TryBeside() {
			t.Error("beside a Recv of a link that is closed")
		}
	}
}
