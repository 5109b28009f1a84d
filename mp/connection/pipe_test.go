package connection_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/connection"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// PY-CONN-01, PY-CONN-04: bytes of every size come back as they were.
func TestEcho(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		a, b := pipe(t)
		p, err := mp.Start(ctx, EchoBytes, b, nil)
		if err != nil {
			t.Fatal(err)
		}
		var sizes []int
		for _, border := range []int{0, 24, 4 << 10, 16 << 10, 32 << 10, 64 << 10, 256 << 10, 4 << 20} {
			sizes = append(sizes, max(border-1, 0), border, border+1)
		}
		sizes = append(sizes, 1, 2, 3, 7, 8, 9, 32<<10-24, 32<<10-23, 64<<20)
		buf := make([]byte, 64<<20)
		for _, n := range sizes {
			want := make([]byte, n)
			for i := range want {
				want[i] = byte(i*7 + n)
			}
			if err := a.SendBytes(ctx, want); err != nil {
				t.Fatal(n, err)
			}
			if k, err := a.RecvBytesInto(ctx, buf); err != nil || !bytes.Equal(buf[:k], want) {
				t.Fatalf("%d bytes came back as %d, equal %v, %v", n, k, bytes.Equal(buf[:k], want), err)
			}
		}
		a.Close()
		if n, err := p.Result(ctx); n != len(sizes) || err != nil {
			t.Error(n, err)
		}
	})
}

// PY-CONN-01: values and slices of numbers.
func TestEchoValues(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		a, b := pipe(t)
		p, err := mp.Start(ctx, EchoPoints, b, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []point{{}, {"x", []float64{1, 2}, map[string]int{"a": 1}}, {Name: string(make([]byte, 1<<20)), At: make([]float64, 1<<18)}} {
			var got *point // Recv makes the point
			if err := a.Send(ctx, &want); err != nil {
				t.Fatal(err)
			}
			if err := a.Recv(ctx, &got); err != nil || !reflect.DeepEqual(*got, want) {
				t.Fatalf("%v", err)
			}
		}
		a.Close()
		if n, err := p.Result(ctx); n != 3 || err != nil {
			t.Error(n, err)
		}
	})
}

// Slices of numbers keep the target's array, and nil stays nil.
func TestRecvReuses(t *testing.T) {
	leak.Check(t)
	ctx := within(t)
	a, b := pipe(t)
	got := make([]float32, 0, 1000)
	array := &got[:1][0]
	for _, want := range [][]float32{{1, 2, 3}, {}, nil, make([]float32, 1000)} {
		if err := errors.Join(a.Send(ctx, want), b.Recv(ctx, &got)); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatal(got, want, err)
		}
		if want == nil {
			got = make([]float32, 0, 1000)
			array = &got[:1][0]
		}
	}
	if &got[0] != array {
		t.Error("the array was not used again")
	}
	if err := errors.Join(a.Send(ctx, make([]float32, 1001)), b.Recv(ctx, &got)); err != nil || len(got) != 1001 {
		t.Error(len(got), err)
	}
}

// PY-CONN-04: a message of more than 2 GiB, which over sockets has the long form of the header.
func TestHuge(t *testing.T) {
	if os.Getenv("MP_TEST_HUGE") == "" || math.MaxInt == math.MaxInt32 {
		t.Skip("MP_TEST_HUGE=1 sends 2 GiB, and takes twice as much memory")
	}
	transports(t, func(t *testing.T) {
		leak.Check(t)
		a, b := pipe(t)
		size := uint64(math.MaxInt32) + 2 // no constant, for 386
		want := make([]byte, size)
		want[0], want[len(want)-1] = 1, 2
		sent := make(chan error)
		go func() { sent <- a.SendBytes(t.Context(), want) }()
		got, err := b.RecvBytes(t.Context())
		if err = errors.Join(err, <-sent); err != nil || !bytes.Equal(got, want) {
			t.Error(len(got), err)
		}
	})
}

// PY-CONN-02
func TestTooShort(t *testing.T) {
	leak.Check(t)
	ctx := within(t)
	a, b := pipe(t)
	if err := errors.Join(a.SendBytes(ctx, []byte("too long")), a.SendBytes(ctx, []byte("next"))); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 4)
	_, err := b.RecvBytesInto(ctx, p)
	var short *connection.TooShortError
	if !errors.As(err, &short) || string(short.Message) != "too long" || short.Room != 4 {
		t.Errorf("%v", err)
	}
	if n, err := b.RecvBytesInto(ctx, p); err != nil || string(p[:n]) != "next" {
		t.Error(n, err)
	}
}

// PY-CONN-03, PY-CONN-12, PY-CONN-13, PY-CONN-14: Poll takes nothing away from a message, and messages stay apart.
func TestPoll(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		a, b := pipe(t)
		for _, timeout := range []time.Duration{0, -1, time.Millisecond} {
			if ready, err := b.Poll(timeout); ready || err != nil {
				t.Error(ready, err)
			}
		}
		sent := []string{"", "x", "", "yy", strings.Repeat("z", 1<<16), ""}
		go func() {
			for _, s := range sent {
				if err := a.SendBytes(ctx, []byte(s)); err != nil {
					t.Error(err)
				}
			}
		}()
		for _, s := range sent {
			for range 3 {
				if ready, err := b.Poll(patience); !ready || err != nil {
					t.Fatal(ready, err)
				}
			}
			if p, err := b.RecvBytes(ctx); string(p) != s || p == nil || err != nil {
				t.Fatalf("%q, %v", p, err)
			}
		}
		if ready, err := b.Poll(0); ready || err != nil {
			t.Error(ready, err)
		}
		a.Close()
		if ready, err := b.Poll(patience); !ready || err != nil { // PY-CONN-05: the end can be received without waiting
			t.Error(ready, err)
		}
		b.Close()
		if _, err := b.Poll(0); !errors.Is(err, mp.ErrClosed) {
			t.Error(err)
		}
	})
}

// PY-CONN-15: methods of a Conn that is nil or was never made, and files that are not open, give errors and do no harm.
func TestNoConn(t *testing.T) {
	leak.Check(t)
	ctx := within(t)
	a, b := pipe(t)
	for _, c := range []*connection.Conn{nil, {}} {
		errs := uses(ctx, c)
		errs["Close"] = c.Close()
		_, errs["Wait"] = connection.Wait(ctx, c)
		if c != nil { // a nil pointer can be sent
			errs["Send of it"] = a.Send(ctx, c)
		}
		for what, err := range errs {
			if err == nil || !strings.HasPrefix(err.Error(), "mp: ") || what != "Send of it" && !strings.Contains(err.Error(), "nil") {
				t.Errorf("%s: %v", what, err)
			}
		}
		if <-c.Done(); c.String() != "<Conn nil>" {
			t.Error(c)
		}
	}
	for _, f := range []*os.File{nil, os.NewFile(44977608, "bogus")} {
		if err := a.SendHandle(ctx, f); err == nil || !strings.HasPrefix(err.Error(), "mp: SendHandle: ") {
			t.Errorf("%v: %v", f, err)
		}
	}
	if err := errors.Join(a.SendBytes(ctx, nil), b.Close()); err != nil { // the pipe still works
		t.Error(err)
	}
}

// PY-CONN-13: repeated Polls in another process take nothing away from a message.
func TestPollElsewhere(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		a, b := pipe(t)
		sizes := []int{5, 0, 100_000, 1, 0}
		p := start(t, a, b, "poll", len(sizes))
		for _, n := range sizes {
			if err := a.SendBytes(ctx, make([]byte, n)); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := p.Result(ctx); got != "5 0 100000 1 0" || err != nil {
			t.Error(got, err)
		}
	})
}

// PY-LISTEN-14: a one-way end stays one in the process that it moves to.
func TestOneWayMoves(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		r, w := pipeOneWay(t)
		p := start(t, r, w, "wrong way", 0) // the script has sent "here" with its end
		if refused, err := p.Result(ctx); refused != "true" || err != nil {
			t.Error(refused, err)
		}
		r, _ = pipeOneWay(t)
		q, err := mp.Start(ctx, Script, task{Conn: r, Do: "drain"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := q.Result(ctx); !errors.Is(err, mp.ErrUnsupported) || !strings.Contains(err.Error(), "SendBytes") {
			t.Error(err)
		}
	})
}

// PY-CONN-06
func TestOneWay(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		r, w := pipeOneWay(t)
		wrong := map[string]error{
			"Send": r.Send(ctx, 1), "SendBytes": r.SendBytes(ctx, nil), "SendHandle": r.SendHandle(ctx, os.Stdin),
			"Recv": w.Recv(ctx, new(int)),
		}
		_, wrong["Wait"] = connection.Wait(ctx, w)
		_, wrong["RecvBytes"] = w.RecvBytes(ctx)
		_, wrong["RecvHandle"] = w.RecvHandle(ctx)
		_, wrong["Poll"] = w.Poll(0)
		for what, err := range wrong {
			if !errors.Is(err, mp.ErrUnsupported) || !strings.HasPrefix(err.Error(), "mp: "+what+": ") {
				t.Errorf("%s: %v", what, err)
			}
		}
		var got int
		if err := errors.Join(w.Send(ctx, 7), r.Recv(ctx, &got)); err != nil || got != 7 {
			t.Error(got, err)
		}
		w.Close()
		if err := r.Recv(ctx, &got); !errors.Is(err, io.EOF) {
			t.Error(err)
		}
	})
}

// If a message and its receive do not fit together, or a value cannot be sent, the error says why, and the next message arrives.
func TestMismatch(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		a, b := pipe(t)
		check := func(err error, words ...string) {
			t.Helper()
			for _, w := range append(words, "mp: ") {
				if err == nil || !strings.Contains(err.Error(), w) {
					t.Errorf("%v does not mention %q", err, w)
				}
			}
		}
		if err := errors.Join(a.Send(ctx, 1), a.Send(ctx, []float64{1}), a.SendBytes(ctx, []byte("x")), a.Send(ctx, "text"), a.SendHandle(ctx), a.Send(ctx, make([]byte, 1<<17))); err != nil {
			t.Fatal(err)
		}
		check(b.Recv(ctx, new(string)), "int", "string")
		check(b.Recv(ctx, new([]float32)), "[]float64", "[]float32")
		check(b.Recv(ctx, new([]byte)), "RecvBytes")
		_, err := b.RecvBytes(ctx)
		check(err, "with Recv")
		check(b.Recv(ctx, new(any)), "RecvHandle")
		_, err = b.RecvHandle(ctx)
		check(err, "with Recv")
		check(b.Recv(ctx, nil), "pointer")
		check(b.Recv(ctx, 1), "pointer")
		check(b.Recv(ctx, (*int)(nil)), "pointer")
		check(b.Recv(ctx, new(connection.Conn)), "by value")
		check(a.Send(ctx, nil), "nil")
		check(a.Send(ctx, (*point)(nil)), "nil")
		check(a.Send(ctx, struct{ F func() }{}), ".F", "func")
		check(a.Send(ctx, struct{ A any }{make(chan int)}), "A", "chan")
		check(a.SendHandle(ctx, nil), "nil")
		var n int
		if err := errors.Join(a.Send(ctx, 5), b.Recv(ctx, &n)); err != nil || n != 5 {
			t.Error(n, err)
		}
	})
}

// PY-CONN-10
func TestClosed(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		a, b := pipe(t)
		if err := errors.Join(a.SendBytes(ctx, []byte("left")), a.Close(), a.Close()); err != nil {
			t.Error(err)
		}
		select {
		case <-a.Done():
		default:
			t.Error("not done")
		}
		for what, err := range uses(ctx, a) {
			if !errors.Is(err, mp.ErrClosed) || !errors.Is(err, os.ErrClosed) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if p, err := b.RecvBytes(ctx); string(p) != "left" || err != nil { // what was sent comes before the end
			t.Error(p, err)
		}
		for range 2 { // PY-CONN-05
			if _, err := b.RecvBytes(ctx); !errors.Is(err, io.EOF) {
				t.Error(err)
			}
		}
		var err error
		for range 10 { // PY-CONN-19; the first messages may still fit into a socket's buffer
			if err = b.SendBytes(ctx, nil); err != nil {
				break
			}
		}
		if !errors.Is(err, mp.ErrClosed) {
			t.Error(err)
		}
	})
}

func uses(ctx context.Context, c *connection.Conn) map[string]error {
	errs := map[string]error{
		"Send": c.Send(ctx, 1), "SendBytes": c.SendBytes(ctx, nil), "SendHandle": c.SendHandle(ctx),
		"Recv": c.Recv(ctx, new(int)),
	}
	_, errs["RecvBytes"] = c.RecvBytes(ctx)
	_, errs["RecvBytesInto"] = c.RecvBytesInto(ctx, nil)
	_, errs["RecvHandle"] = c.RecvHandle(ctx)
	_, errs["Poll"] = c.Poll(0)
	return errs
}

// Many goroutines at both ends of one pipe: each message arrives once and whole.
func TestManyGoroutines(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		a, b := pipe(t)
		const goroutines, each = 8, 200
		var wg sync.WaitGroup
		var mu sync.Mutex
		seen := make(map[int]int)
		for g := range goroutines {
			wg.Go(func() {
				for i := range each {
					if err := a.Send(ctx, []int{g*each + i, -1}[:1+i%2]); err != nil {
						t.Error(err)
					}
				}
			})
			wg.Go(func() {
				var v []int
				for range each {
					if err := b.Recv(ctx, &v); err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					seen[v[0]]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		for i := range goroutines * each {
			if seen[i] != 1 {
				t.Errorf("%d was seen %d times", i, seen[i])
			}
		}
	})
}

// Pipe refuses an unknown word in MP_TRANSPORT, as NewPool does.
func TestUnknownTransport(t *testing.T) {
	leak.Check(t)
	t.Setenv("MP_TRANSPORT", "pigeons")
	if a, b, err := mp.Pipe(); a != nil || b != nil || err == nil || !strings.Contains(err.Error(), "MP_TRANSPORT=pigeons: it must be shm or socket") {
		t.Errorf("%v, %v, %v", a, b, err)
	}
}
