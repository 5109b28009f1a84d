//go:build unix

package queue_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
)

// line is an end of a pipe, with what is to be said over it.
type line struct {
	Conn *mp.Conn
	Say  []byte
}

var (
	// Speak gets lines until the queue is closed, and says over each what is to be said.
	Speak = mp.Register("queue.speak", func(ctx context.Context, q *queue.Queue[line]) (int, error) {
		n := 0
		for l, err := range q.All(ctx) {
			if err := errors.Join(err, l.Conn.SendBytes(ctx, l.Say), l.Conn.Close()); err != nil {
				return n, err
			}
			n++
		}
		return n, nil
	})
	// Call puts one end of a pipe, and says something over the other.
	Call = mp.Register("queue.call", func(ctx context.Context, q *queue.Queue[line]) (bool, error) {
		a, b, err := mp.Pipe()
		if err != nil {
			return false, err
		}
		err = errors.Join(q.Put(ctx, line{Conn: b}), a.SendBytes(ctx, []byte("hello")))
		return errors.Is(b.SendBytes(ctx, nil), mp.ErrClosed), errors.Join(err, a.Close())
	})
)

// An end of a connection moves with an item: one process has it at a time. An item that is not put leaves it here.
func TestConnMoves(t *testing.T) {
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			leak.Check(t)
			t.Setenv("MP_TRANSPORT", transport)
			q := newQueue[line](t, 1)
			p := start(t, Speak, q)
			for _, size := range []int{1, 200_000} { // more than is kept of a buffer
				a, b, err := mp.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := q.Put(background, line{b, make([]byte, size)}); err != nil {
					t.Fatal(err)
				}
				if err := b.SendBytes(background, nil); !errors.Is(err, mp.ErrClosed) {
					t.Errorf("it is here, too: %v", err)
				}
				if got, err := a.RecvBytes(background); len(got) != size || err != nil {
					t.Error(len(got), err)
				}
				if _, err := a.RecvBytes(background); !errors.Is(err, io.EOF) {
					t.Error(err)
				}
				a.Close()
			}
			q.Close()
			if n := must(p.Result(background))(t); n != 2 {
				t.Error(n)
			}

			full := newQueue[line](t, 1)
			if moved := must(start(t, Call, full).Result(background))(t); !moved {
				t.Error("it is there, too")
			}
			a, b, err := mp.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			for _, size := range []int{1, 200_000} {
				if err := full.TryPut(line{b, make([]byte, size)}); err != queue.ErrFull {
					t.Error(err)
				}
			}
			if err := errors.Join(b.SendBytes(background, nil), b.Close(), a.Close()); err != nil {
				t.Errorf("it has not stayed: %v", err)
			}
			l := must(full.Get(background))(t)
			if got, err := l.Conn.RecvBytes(background); string(got) != "hello" || err != nil {
				t.Errorf("%q, %v", got, err)
			}
			l.Conn.Close()
		})
	}
}
