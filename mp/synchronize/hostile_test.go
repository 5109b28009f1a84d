package synchronize

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// lastHeard is the owner's end of a link. It closes end once the owner has received everything that comes over it.
type lastHeard struct {
	link.Link
	end chan struct{}
}

func (l lastHeard) Recv() (link.Msg, error) {
	m, err := l.Link.Recv()
	if err != nil {
		close(l.end)
	}
	return m, err
}

// FuzzObjects has a client send any requests, in any order, with any bodies, and leave. It does not look at the answers. The
// owner can then use its objects as if nothing had happened.
func FuzzObjects(f *testing.F) {
	f.Add([]byte{1, 17, 1, 0, 18, 2, 0, 19, 1, 0, 22, 0, 1, 9, 23, 5, 8, 1, 1, 1, 1, 1, 1, 1, 1})
	f.Add([]byte{5, 21, 3, 8, 0, 0, 0, 0, 0, 0, 0, 0, 22, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 3, 4, 0})
	f.Fuzz(func(t *testing.T, ops []byte) {
		next := func() byte {
			if len(ops) == 0 {
				return 0
			}
			b := ops[0]
			ops = ops[1:]
			return b
		}
		c, err := NewCondition(nil)
		if err != nil {
			t.Fatal(err)
		}
		s, _ := NewSemaphore(1)
		bounded, _ := NewBoundedSemaphore(1)
		e, _ := NewEvent()
		b, _ := NewBarrier(2)
		all := []*handle{&c.lock.handle, &c.handle, &s.handle, &bounded.handle, &e.handle, &b.handle}
		h := all[int(next())%len(all)]
		ours, theirs := link.NewInProcess()
		heard := make(chan struct{})
		other := h.ref.Over(lastHeard{ours, heard}, theirs)
		over, end := context.WithCancel(context.Background())
		end()
		for len(ops) > 0 {
			how, op := next(), share.FirstKind+link.Kind(next()%16)
			body := ops[:min(int(how>>2), len(ops))]
			ops = ops[len(body):]
			switch how % 4 {
			case 0:
				_ = other.Send(context.Background(), op, body, nil, nil)
			case 1: // the call does not wait for the answer
				_, _ = other.Call(over, op, body, nil, nil)
			default:
				short, stop := context.WithTimeout(context.Background(), 100*time.Microsecond)
				_, _ = other.Call(short, op, body, nil, nil)
				stop()
			}
		}
		theirs.Close()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		select {
		case <-heard: // before that, a Clear of the client could come between the Set and the Wait below
		case <-ctx.Done():
			t.Fatal("the owner does not see that the client has left")
		}
		err = c.Acquire(ctx)
		if errors.Is(err, ErrOwnerDied) {
			err = c.Acquire(ctx)
		}
		if err := errors.Join(err, c.NotifyAll(), c.Release()); err != nil && !errors.Is(err, ErrOwnerDied) {
			t.Error(err)
		}
		if err := errors.Join(bounded.Acquire(ctx), bounded.Release(), e.Set(), e.Wait(ctx), b.Reset()); err != nil {
			t.Error(err)
		}
		for _, h := range all {
			if err := h.close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// look takes the lock if the word says that it is free, and not if it is held or has waiters at the owner.
func TestLook(t *testing.T) {
	m := newMutex()
	for _, v := range []uint64{2, 2 | contended, contended, elsewhere, ^uint64(0)} {
		m.word.Store(v)
		if m.here.look((*view).grab) || m.word.Load() != v {
			t.Errorf("it has taken %#x, which is %#x now", v, m.word.Load())
		}
	}
	m.word.Store(0)
	if !m.here.look((*view).grab) || m.word.Load() != m.here.me {
		t.Errorf("it has not taken what is free; the word is %#x", m.word.Load())
	}
}

// Nonsense in the word that the clients share makes the lock useless to its waiters, and nothing worse.
func TestHostileWord(t *testing.T) {
	leak.Check(t)
	for _, v := range []uint64{0, 1, 2, 77, contended, contended | 1, contended | 77, elsewhere, ^uint64(0), rand.Uint64()} {
		l, err := NewLock()
		if err != nil {
			t.Fatal(err)
		}
		m := l.ref.Object().(*mutex)
		if _, err := m.publish(l.ref); err != nil {
			t.Fatal(err)
		}
		m.word.Store(v)
		short, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		_ = l.Acquire(short)
		cancel()
		_, _ = l.TryAcquire()
		_ = l.Release()
		_ = l.String()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if err := l.Acquire(context.Background()); !errors.Is(err, spawn.ErrClosed) {
			t.Errorf("%#x: %v", v, err)
		}
	}
}

// foreign makes a client that does nothing with h's object. leave ends its link.
func foreign(h *handle) (leave func() error) {
	ours, theirs := link.NewInProcess()
	ref := h.ref.Over(ours, theirs)
	return func() error {
		defer runtime.KeepAlive(ref) // without its last reference the client would leave
		return theirs.Close()
	}
}

// A number in the word that no client has counts as that of a dead holder: its death is told once, and then the lock is free.
// So the lock goes on after the end of a client that wrote such a number, or removed the waiters' mark.
func TestNobodysNumber(t *testing.T) {
	leak.Check(t)
	for _, v := range []uint64{77, contended | 77, elsewhere, elsewhere | contended | 1, 1 << 40, ^uint64(0)} {
		l := must(NewLock())(t)
		m := l.ref.Object().(*mutex)
		must(m.publish(l.ref))(t)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		m.word.Store(v)
		if ok, err := l.TryAcquire(); ok || err != nil && !errors.Is(err, ErrOwnerDied) {
			t.Errorf("%#x: %v, %v", v, ok, err)
		} else if err == nil { // the word said that the lock is held, so TryAcquire did not ask the object
			if err := l.Acquire(ctx); !errors.Is(err, ErrOwnerDied) {
				t.Errorf("%#x: %v", v, err)
			}
		}
		if err := l.Acquire(ctx); err != nil {
			t.Errorf("%#x: %v", v, err)
		}
		leave := foreign(&l.handle)
		waited := make(chan error)
		go func() { waited <- l.Acquire(ctx) }()
		until(t, func() bool { return Waiting(l) > 0 })
		m.word.Store(v)
		leave()
		if err := <-waited; !errors.Is(err, ErrOwnerDied) {
			t.Errorf("%#x: who waited: %v", v, err)
		}
		if err := errors.Join(l.Acquire(ctx), l.Release(), l.Close()); err != nil {
			t.Errorf("%#x: %v", v, err)
		}
		cancel()
	}
}

// A semaphore goes on after the end of a client that set the waiters' mark in its word, or removed it.
func TestNobodyWaits(t *testing.T) {
	leak.Check(t)
	s := must(NewSemaphore(1))(t)
	p := s.ref.Object().(*permits)
	must(p.publish(s.ref))(t)
	for _, v := range []uint64{contended | 1, elsewhere | 1, contended | elsewhere | 1} {
		p.word.Store(v)
		if ok, err := s.TryAcquire(); !ok || err != nil {
			t.Errorf("%#x: %v, %v", v, ok, err)
		}
		leave := foreign(&s.handle)
		waited := make(chan error)
		go func() { waited <- s.Acquire(context.Background()) }()
		until(t, func() bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			return len(p.waiting) > 0
		})
		p.word.Store(1)
		leave()
		if err := errors.Join(<-waited, s.Release()); err != nil {
			t.Error(err)
		}
		if n, err := s.Value(); n != 1 || err != nil {
			t.Error(n, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func until(t *testing.T, is func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not come")
		}
	}
}

func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// Nonsense in the word of a semaphore makes it useless, and does nothing worse: calls end, and Close works.
func TestHostileNumber(t *testing.T) {
	leak.Check(t)
	for _, v := range []uint64{0, 1, mostPermits, contended, contended | 1, elsewhere, elsewhere | 1, ^uint64(0), rand.Uint64()} {
		s, err := NewSemaphore(1)
		if err != nil {
			t.Fatal(err)
		}
		p := s.ref.Object().(*permits)
		if _, err := p.publish(s.ref); err != nil {
			t.Fatal(err)
		}
		p.word.Store(v)
		short, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		for range 2 {
			_ = s.Acquire(short)
			_ = s.Release()
			_, _ = s.TryAcquire()
			_, _ = s.Value()
		}
		cancel()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Acquire(context.Background()); !errors.Is(err, spawn.ErrClosed) {
			t.Errorf("%#x: %v", v, err)
		}
	}
}
