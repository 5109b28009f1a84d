//go:build unix

package pool_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// The tests in this file hold what a hostile review has found.

// gate is an argument, or a result, whose encoding and decoding in this process wait for the test.
type gate struct{ N int }

var encoding, decoding atomic.Pointer[func()]

func (g gate) MarshalBinary() ([]byte, error) {
	if f := encoding.Load(); f != nil {
		(*f)()
	}
	return binary.AppendVarint(nil, int64(g.N)), nil
}

func (g *gate) UnmarshalBinary(b []byte) error {
	if f := decoding.Load(); f != nil {
		(*f)()
	}
	n, _ := binary.Varint(b)
	g.N = int(n)
	return nil
}

var (
	Through = mp.Register("through", func(_ context.Context, g gate) (gate, error) { return g, nil })
	Lend    = mp.Register("lend", func(_ context.Context, path string) (*os.File, error) {
		f, err := os.Open(strings.TrimSuffix(path, " closed"))
		if err == nil && strings.HasSuffix(path, " closed") {
			f.Close()
		}
		return f, err
	})
	DieOfReceiving = mp.RegisterInit("dieOfReceiving", func(context.Context, int) error {
		limit := &syscall.Rlimit{Cur: 40, Max: 40}
		return syscall.Setrlimit(syscall.RLIMIT_NOFILE, limit)
	})
	Count = mp.Register("count", func(_ context.Context, files []*os.File) (int, error) {
		for _, f := range files {
			f.Close()
		}
		return len(files), nil
	})
)

// A worker that dies while its next chunk is encoded does not take the chunk along.
func TestKilledWhileEncoding(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{Workers: 1})
	var once atomic.Bool
	kill := func() {
		if !once.CompareAndSwap(false, true) {
			return
		}
		victim := p.Stats().Workers[0].Pid
		syscall.Kill(victim, syscall.SIGKILL)
		for s := p.Stats(); s.Started < 2 || len(s.Workers) == 0; s = p.Stats() { // until another one is up
			time.Sleep(time.Millisecond)
		}
	}
	encoding.Store(&kill)
	defer encoding.Store(nil)
	got, err := mp.Map(t.Context(), p, Through, []gate{{5}})
	if err != nil || got[0].N != 5 {
		t.Errorf("%v, %v", got, err)
	}
}

// The time that we take to decode one result is not charged to the next item.
func TestSlowDecodingIsNotCharged(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{Workers: 1, KillDelay: 10 * time.Millisecond})
	slow := func() { time.Sleep(100 * time.Millisecond) }
	decoding.Store(&slow)
	defer decoding.Store(nil)
	items := make([]gate, 6)
	if _, err := mp.Map(t.Context(), p, Through, items, mp.ChunkSize(3), mp.Timeout(50*time.Millisecond)); err != nil {
		t.Error(err)
	}
	if s := p.Stats(); s.Started != 1 {
		t.Errorf("%d workers", s.Started)
	}
}

// Files that are closed too early, or cannot be received, cost their own item.
func TestFilesThatCannotBeSent(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{Workers: 1})
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	open := func() *os.File {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	blocker := mp.Submit(t.Context(), p, Do, task{0, "wait"}) // so that what follows waits
	f := open()
	early := mp.Submit(t.Context(), p, Read, f)
	f.Close() // it was encoded: this is allowed
	blocker.Cancel()
	if s, err := early.Wait(t.Context()); s != "text" || err != nil {
		t.Errorf("%q, %v", s, err)
	}
	if _, err := mp.Apply(t.Context(), p, Read, f); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a closed file: %v", err)
	}
	good := open()
	defer good.Close()
	got, err := mp.Map(t.Context(), p, Read, []*os.File{good, f, good}, mp.KeepGoing(), mp.ChunkSize(3))
	if !errors.Is(err, os.ErrClosed) || !strings.Contains(err.Error(), "(item 1)") || got[0] != "text" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := mp.Apply(t.Context(), p, Lend, path+" closed"); err == nil || !errors.Is(err, os.ErrClosed) {
		t.Errorf("a closed file comes back: %v", err)
	}
	g, err := mp.Apply(t.Context(), p, Lend, path)
	if err != nil {
		t.Fatal(err)
	}
	g.Close()
	if s := p.Stats(); s.Started != 1 {
		t.Errorf("%d workers", s.Started)
	}
}

// An item that kills every worker that receives it, before it begins, is found out and blamed.
func TestDeathOnArrival(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{Workers: 2, Init: DieOfReceiving.With(0), Stderr: io.Discard})
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	poison := make([]*os.File, 60)
	for i := range poison {
		poison[i] = null
	}
	items := [][]*os.File{nil, {null}, poison, {null, null}, nil}
	got, err := mp.Map(t.Context(), p, Count, items, mp.KeepGoing(), mp.ChunkSize(5))
	var exit *mp.ExitError
	if !errors.As(err, &exit) || exit.Index != 2 {
		t.Errorf("%v", err)
	}
	if got[0] != 0 || got[1] != 1 || got[3] != 2 || p.Stats().Started > 8 {
		t.Errorf("%v, %+v", got, p.Stats())
	}
}

// A call that was refused can be cancelled all the same.
func TestCancelOfARefusedCall(t *testing.T) {
	p := newPool(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := mp.Submit(ctx, p, Square, 1)
	if f.Cancel() {
		t.Error("it was cancelled")
	}
	if _, err := f.Wait(t.Context()); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	p.Close()
	if mp.Submit(t.Context(), p, Square, 1).Cancel() {
		t.Error("it was cancelled")
	}
}

// The files of results that nobody gets are closed; leak.Check would see them.
func TestFilesOfResultsNobodyGets(t *testing.T) {
	p := newPool(t, nil)
	paths := []string{os.DevNull, os.DevNull, "/no/such/file", os.DevNull, os.DevNull}
	for range 20 {
		if _, err := mp.Map(t.Context(), p, Lend, paths); err == nil {
			t.Error("no error")
		}
		for f, err := range mp.IMap(t.Context(), p, Lend, func(yield func(string) bool) {
			for yield(os.DevNull) {
			}
		}) {
			if err != nil {
				t.Error(err)
			}
			f.Close()
			break
		}
		f := mp.Submit(t.Context(), p, Lend, os.DevNull)
		f.Cancel()
		if g, err := f.Wait(t.Context()); err == nil {
			g.Close()
		}
	}
}

// Many calls that wait cost no more than their number.
func TestManySubmits(t *testing.T) {
	p := newPool(t, nil)
	const n = 50_000
	futures := make([]*mp.Future[int], n)
	for i := range futures {
		futures[i] = mp.Submit(t.Context(), p, Square, i)
	}
	for i, f := range futures {
		if r, err := f.Wait(t.Context()); r != i*i || err != nil {
			t.Fatalf("%d: %d, %v", i, r, err)
		}
	}
}
