package share_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

func TestMain(m *testing.M) { mp.TestMain(m) }

// box is an object for tests: a pile of tokens. A taker waits while there is none.
type box struct {
	ref *share.Ref

	mu      sync.Mutex
	tokens  [][]byte
	files   [][]*os.File
	waiting []share.Request
	left    []uint32 // clients
	leaving chan uint32
	rested  int
}

const (
	opTake = share.FirstKind + iota
	opGive
	opTell // the Watcher of the client that sends it is told the body
	opToken
)

func newBox(tokens ...string) *box {
	b := &box{leaving: make(chan uint32, 1000)}
	for _, t := range tokens {
		b.tokens = append(b.tokens, []byte(t))
		b.files = append(b.files, nil)
	}
	b.ref = share.New("box", b)
	return b
}

func (b *box) Request(r share.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch r.Op {
	case opTake:
		r.Body = nil
		b.waiting = append(b.waiting, r)
	case opGive:
		b.tokens = append(b.tokens, append([]byte(nil), r.Body...))
		b.files = append(b.files, r.Files)
		r.Answer(opGive, nil, nil)
	case opTell:
		r.Client.Tell(b.ref, opTell, r.Body, nil)
	}
	for len(b.waiting) > 0 && len(b.tokens) > 0 {
		b.waiting[0].Answer(opToken, b.tokens[0], b.files[0])
		link.CloseAll(b.files[0])
		b.waiting, b.tokens, b.files = b.waiting[1:], b.tokens[1:], b.files[1:]
	}
}

func (b *box) TakesFiles(op link.Kind) bool { return op == opGive }

func (b *box) Cancel(c *share.Client, id uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, r := range b.waiting {
		if r.Client == c && r.ID == id {
			b.waiting = append(b.waiting[:i], b.waiting[i+1:]...)
			return true
		}
	}
	return false
}

func (b *box) Left(c *share.Client) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = append(b.left, c.Number())
	kept := b.waiting[:0]
	for _, r := range b.waiting {
		if r.Client != c {
			kept = append(kept, r)
		}
	}
	b.waiting = kept
	b.leaving <- c.Number()
}

func (b *box) Rest() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rested++
}

func (b *box) count() (tokens, waiting int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.tokens), len(b.waiting)
}

// Box is a handle of a box.
type Box struct{ ref *share.Ref }

func (b *Box) IsHandle()                             {}
func (b *Box) EncodeMsgpack(enc *wire.Encoder) error { return b.ref.Encode(enc) }
func (b *Box) DecodeMsgpack(dec *wire.Decoder) (e error) {
	b.ref, e = share.Decode(dec, "box")
	return e
}

func (b *Box) take(ctx context.Context) (string, error) {
	m, err := b.ref.Call(ctx, opTake, nil, nil, func(m link.Msg) {
		b.give(context.Background(), string(m.Body))
		m.Release()
	})
	defer m.Release()
	return string(m.Body), err
}

func (b *Box) give(ctx context.Context, s string) error {
	m, err := b.ref.Call(ctx, opGive, []byte(s), nil, nil)
	m.Release()
	return err
}

func (b *box) handle() *Box { return &Box{b.ref} }

// The functions that the children of these tests run.
var (
	Take = mp.Register("share.take", func(ctx context.Context, b *Box) (string, error) { return b.take(ctx) })
	Give = mp.Register("share.give", func(ctx context.Context, b *Box) (int, error) { return os.Getpid(), b.give(ctx, "given") })
	Hold = mp.Register("share.hold", func(ctx context.Context, boxes [2]*Box) (int, error) {
		if _, err := boxes[0].take(ctx); err != nil {
			return 0, err
		}
		_, err := boxes[1].take(ctx) // for ever
		return 0, err
	})
	Many = mp.Register("share.many", func(ctx context.Context, boxes []*Box) (int, error) {
		for _, b := range boxes {
			if err := b.give(ctx, "x"); err != nil {
				return 0, err
			}
		}
		list, _ := os.ReadDir("/proc/self/fd")
		return len(list), nil
	})
	// Chatter gives 200 tokens, asks as often to be told something, and kills its process.
	Chatter = mp.Register("share.chatter", func(ctx context.Context, b *Box) (int, error) {
		for range 200 {
			if err := errors.Join(b.ref.Send(ctx, opTell, []byte("x"), nil, nil), b.ref.Send(ctx, opGive, []byte("x"), nil, nil)); err != nil {
				return 0, err
			}
		}
		return 0, prog.Kill(os.Getpid())
	})
	// Own makes a box, which lives as long as its process, and returns a handle of it.
	Own = mp.Register("share.own", func(ctx context.Context, to *Box) (*Box, error) { return newBox("of the child").handle(), nil })
)

func init() {
	// Grand passes its handle on to a child of its own.
	Grand = mp.Register("share.grand", func(ctx context.Context, b *Box) (string, error) {
		p, err := mp.Start(ctx, Take, b, nil)
		if err != nil {
			return "", err
		}
		return p.Result(ctx)
	})
}

var Grand *mp.Func[*Box, string]

func must[T any](t *testing.T, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func start[A, R any](t *testing.T, fn *mp.Func[A, R], arg A) *mp.Process[R] {
	t.Helper()
	p := must(t, mp.NewProcess(fn, arg, nil), nil)
	if err := p.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		<-p.Done()
		p.Close()
	})
	return p
}

func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// Calls do the same in the owner and over a link in memory.
func TestCalls(t *testing.T) {
	for name, refer := range map[string]func(*box) *Box{
		"owner": (*box).handle,
		"memory": func(b *box) *Box {
			ours, theirs := link.NewInProcess()
			return &Box{b.ref.Over(ours, theirs)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			leak.Check(t)
			b := newBox("a")
			h := refer(b)
			ctx := context.Background()
			if s, err := h.take(ctx); s != "a" || err != nil {
				t.Errorf("took %q, %v", s, err)
			}
			done := make(chan string)
			go func() {
				s, err := h.take(ctx)
				done <- s
				if err != nil {
					t.Error(err)
				}
			}()
			until(t, "it waits", func() bool { _, n := b.count(); return n == 1 })
			if err := h.give(ctx, "b"); err != nil {
				t.Error(err)
			}
			if s := <-done; s != "b" {
				t.Errorf("took %q", s)
			}
			// A call whose ctx ends is forgotten, and takes nothing.
			short, cancel := context.WithCancel(ctx)
			go func() {
				until(t, "it waits", func() bool { _, n := b.count(); return n == 1 })
				cancel()
			}()
			if _, err := h.take(short); !errors.Is(err, share.ErrEnded) {
				t.Error(err)
			}
			until(t, "it was forgotten", func() bool { _, n := b.count(); return n == 0 })
			b.ref.Drop()
			if h.ref.Object() == nil {
				if _, err := h.take(ctx); !errors.Is(err, share.ErrGone) {
					t.Error(err)
				}
			}
		})
	}
}

func TestProcesses(t *testing.T) {
	leak.Check(t)
	ctx := context.Background()
	b := newBox("one")
	defer b.ref.Drop()
	if s, err := start(t, Take, b.handle()).Result(ctx); s != "one" || err != nil {
		t.Errorf("took %q, %v", s, err)
	}
	waiting := start(t, Take, b.handle())
	until(t, "it waits", func() bool { _, n := b.count(); return n == 1 })
	if _, err := start(t, Give, b.handle()).Result(ctx); err != nil { // a sibling
		t.Error(err)
	}
	if s, err := waiting.Result(ctx); s != "given" || err != nil {
		t.Errorf("took %q, %v", s, err)
	}
	grand := start(t, Grand, b.handle())
	until(t, "the grandchild waits", func() bool { _, n := b.count(); return n == 1 })
	b.handle().give(ctx, "deep")
	if s, err := grand.Result(ctx); s != "deep" || err != nil {
		t.Errorf("took %q, %v", s, err)
	}
}

// A client that is killed while it waits is forgotten.
func TestKilledClient(t *testing.T) {
	leak.Check(t)
	b, other := newBox("held"), newBox()
	defer b.ref.Drop()
	defer other.ref.Drop()
	p := start(t, Hold, [2]*Box{b.handle(), other.handle()})
	until(t, "it holds one and waits for the other", func() bool { _, n := other.count(); return n == 1 })
	prog.Kill(p.Pid())
	<-b.leaving
	<-other.leaving
	if _, n := other.count(); n != 0 {
		t.Error("it still waits")
	}
}

// The owner handles all that a client has sent before it was killed, even if the owner has messages for that client meanwhile.
func TestLastWords(t *testing.T) {
	leak.Check(t)
	b := newBox()
	defer b.ref.Drop()
	b.mu.Lock() // the owner is busy
	p := start(t, Chatter, b.handle())
	<-p.Done()
	time.Sleep(5 * time.Millisecond) // so that the link has probably ended
	b.mu.Unlock()
	<-b.leaving
	if n, _ := b.count(); n != 200 {
		t.Errorf("%d of 200 tokens", n)
	}
}

// When the owner is killed, the calls of all processes that have its handles fail.
func TestKilledOwner(t *testing.T) {
	leak.Check(t)
	ctx := context.Background()
	opts := &mp.PoolOptions{Workers: 1}
	pool := must2(mp.NewPool(ctx, opts))(t)
	defer pool.Close()
	b := must2(mp.Apply(ctx, pool, Own, nil))(t)
	if s, err := b.take(ctx); s != "of the child" || err != nil {
		t.Fatal(s, err)
	}
	again := must2(mp.Apply(ctx, pool, Own, nil))(t) // the key was lent to the first result, and is still good
	if s, err := again.take(ctx); s != "of the child" || err != nil {
		t.Fatal(s, err)
	}
	taker := start(t, Take, b) // this process passes the handle on
	done := make(chan error)
	go func() {
		_, err := b.take(ctx)
		done <- err
	}()
	time.Sleep(20 * time.Millisecond)
	prog.Kill(pool.Stats().Workers[0].Pid)
	if err := <-done; !errors.Is(err, share.ErrGone) {
		t.Error(err)
	}
	if _, err := b.take(ctx); !errors.Is(err, share.ErrGone) {
		t.Error(err)
	}
	if _, err := taker.Result(ctx); !strings.Contains(fmt.Sprint(err), share.ErrGone.Error()) {
		t.Errorf("the other process: %v", err)
	}
}

func must2[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T { t.Helper(); return must(t, v, err) }
}

// A process needs one link for 100 objects of the same owner.
func TestDescriptors(t *testing.T) {
	leak.Check(t)
	ctx := context.Background()
	var boxes []*Box
	for range 100 {
		b := newBox()
		defer b.ref.Drop()
		boxes = append(boxes, b.handle())
	}
	for range 4 {
		n, err := start(t, Many, boxes).Result(ctx)
		if err != nil || n > 30 && runtime.GOOS == "linux" {
			t.Errorf("%d descriptors, %v", n, err)
		}
	}
	if n, _ := boxes[99].ref.Object().(*box).count(); n != 4 {
		t.Errorf("%d tokens", n)
	}
}
