package queue_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
)

// cargo is an end of a pipe, and something beside it.
type cargo struct {
	End  *mp.Conn
	Rest []byte
}

// Answer gets an end of a pipe, uses it and dies without closing it.
var Answer = mp.Register("queue.answer", func(ctx context.Context, q *queue.Queue[cargo]) (int, error) {
	got, err := q.Get(ctx)
	if err != nil {
		return 0, err
	}
	return len(got.Rest), got.End.SendBytes(ctx, []byte("here"))
})

// PutEnd makes a pipe, puts one end into the queue and returns the other one.
var PutEnd = mp.Register("queue.put-end", func(ctx context.Context, q *queue.Queue[cargo]) (*mp.Conn, error) {
	a, b, err := mp.Pipe()
	if err != nil {
		return nil, err
	}
	if err := q.Put(ctx, cargo{End: b}); err != nil {
		return nil, err
	}
	if err := b.SendBytes(ctx, nil); !errors.Is(err, mp.ErrClosed) {
		return nil, errors.Join(errors.New("the end is still here"), err)
	}
	return a, nil
})

// An end of a pipe moves through a queue: only one process has it.
func TestEndsMove(t *testing.T) {
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			t.Setenv("MP_TRANSPORT", transport)
			leak.Check(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			q := newQueue[cargo](t, 0)
			for _, size := range []int{0, 1 << 20} {
				a, b, err := mp.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				closed := newQueue[cargo](t, 0)
				closed.Close()
				if err := closed.Put(ctx, cargo{b, make([]byte, size)}); !errors.Is(err, mp.ErrClosed) {
					t.Error(err)
				}
				if err := b.SendBytes(ctx, []byte("still")); err != nil {
					t.Errorf("it was not sent, and is not here: %v", err)
				}
				if err := q.Put(ctx, cargo{b, make([]byte, size)}); err != nil {
					t.Fatal(err)
				}
				if err := b.SendBytes(ctx, nil); !errors.Is(err, mp.ErrClosed) {
					t.Errorf("it was sent, and is here: %v", err)
				}
				if n, err := start(t, Answer, q).Result(ctx); n != size || err != nil {
					t.Error(n, err)
				}
				for _, want := range []string{"still", "here"} {
					if p, err := a.RecvBytes(ctx); string(p) != want || err != nil {
						t.Errorf("%q, %v", p, err)
					}
				}
				if _, err := a.RecvBytes(ctx); !errors.Is(err, io.EOF) {
					t.Error(err)
				}
				a.Close()
			}
			a, err := start(t, PutEnd, q).Result(ctx)
			if err != nil {
				t.Fatal(err)
			}
			got, err := q.Get(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if err := got.End.SendBytes(ctx, []byte("x")); err != nil {
				t.Error(err)
			}
			if p, err := a.RecvBytes(ctx); string(p) != "x" || err != nil {
				t.Error(p, err)
			}
			a.Close()
			got.End.Close()
		})
	}
}

// PutClosed puts a file that is closed, and then one that is not.
var PutClosed = mp.Register("queue.put-closed", func(ctx context.Context, q *queue.Queue[*os.File]) (string, error) {
	f, err := os.Open(os.DevNull)
	if err != nil {
		return "", err
	}
	f.Close()
	refused := q.Put(ctx, f)
	if refused == nil || errors.Is(refused, mp.ErrClosed) {
		return "", fmt.Errorf("of the file, and not of the queue, it has to say that it is closed: %w", refused)
	}
	if f, err = os.Open(os.DevNull); err != nil {
		return "", err
	}
	defer f.Close()
	return refused.Error(), q.Put(ctx, f)
})

// A Put whose file cannot be sent fails, and the queue goes on.
func TestPutClosedFile(t *testing.T) {
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			leak.Check(t)
			t.Setenv("MP_TRANSPORT", transport)
			q := newQueue[*os.File](t, 0)
			if _, err := start(t, PutClosed, q).Result(background); err != nil {
				t.Fatal(err)
			}
			f, err := q.Get(background)
			if err != nil {
				t.Fatal(err)
			}
			f.Close()
		})
	}
}
