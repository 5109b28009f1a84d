package queue_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
)

// everywhere calls do with what make returns: in the owner of the queues and, over every transport, in another process. do has
// to return want.
func everywhere[A any](t *testing.T, make func(t *testing.T) A, do *mp.Func[A, string], want string) {
	t.Run("owner", func(t *testing.T) {
		leak.Check(t)
		if got, err := do.Call(background, make(t)); got != want || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	})
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			leak.Check(t)
			t.Setenv("MP_TRANSPORT", transport)
			if got, err := start(t, do, make(t)).Result(background); got != want || err != nil {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

type two struct{ Full, Empty *queue.Queue[int] }

// Vain gets from the empty queue and puts into the full one: until a ctx ends, with a ctx that is over, and without waiting.
var Vain = mp.Register("queue.vain", func(ctx context.Context, q two) (string, error) {
	const while = 20 * time.Millisecond
	for what, wait := range map[string]func(ctx context.Context) error{
		"Get": func(ctx context.Context) error { _, err := q.Empty.Get(ctx); return err },
		"Put": func(ctx context.Context) error { return q.Full.Put(ctx, 1) },
	} {
		began := time.Now()
		short, cancel := context.WithTimeout(ctx, while)
		err := wait(short)
		cancel()
		if took := time.Since(began); took < while || !errors.Is(err, context.DeadlineExceeded) {
			return what, fmt.Errorf("%w after %v", err, took)
		}
		if want := map[string]string{"Get": "waiting for an item", "Put": "waiting for room"}[what]; !strings.Contains(err.Error(), want) {
			return what, fmt.Errorf("it does not say %s: %w", want, err)
		}
		if err := wait(short); !errors.Is(err, context.DeadlineExceeded) { // short is over
			return what, err
		}
	}
	if _, err := q.Empty.TryGet(); err != queue.ErrEmpty {
		return "TryGet", err
	}
	if err := q.Full.TryPut(1); err != queue.ErrFull {
		return "TryPut", err
	}
	return fmt.Sprint(q.Full.Len(), q.Empty.Len()), nil
})

// PY-QUEUE-02, PY-QUEUE-05, PY-QUEUE-10: a Get or Put that waits in vain ends with its ctx; TryGet and TryPut do not wait. None
// of them changes the queue.
func TestInVain(t *testing.T) {
	everywhere(t, func(t *testing.T) two {
		q := two{newQueue[int](t, 1), newQueue[int](t, 0)}
		if err := q.Full.TryPut(7); err != nil {
			t.Fatal(err)
		}
		return q
	}, Vain, "1 0")
}

// Lengths returns the length of a queue before and after each Put and Get.
var Lengths = mp.Register("queue.lengths", func(ctx context.Context, q *queue.Queue[int]) (string, error) {
	all := []int{q.Len()}
	for i := range 2 {
		if err := q.Put(ctx, i); err != nil {
			return "", err
		}
		all = append(all, q.Len())
	}
	for range 2 {
		if _, err := q.Get(ctx); err != nil {
			return "", err
		}
		all = append(all, q.Len())
	}
	return fmt.Sprint(all), nil
})

// PY-QUEUE-07
func TestLen(t *testing.T) {
	everywhere(t, func(t *testing.T) *queue.Queue[int] { return newQueue[int](t, 0) }, Lengths, "[0 1 2 1 0]")
}

// Misput puts an item that cannot be sent, and then one that can.
var Misput = mp.Register("queue.misput", func(ctx context.Context, q *queue.Queue[any]) (string, error) {
	err := q.Put(ctx, func() {})
	if err == nil || !strings.Contains(err.Error(), "the item cannot be sent") {
		return "Put", err
	}
	before := q.Len()
	if err := q.TryPut("fit"); err != nil { // there is room for one
		return "TryPut", err
	}
	v, err := q.Get(ctx)
	return fmt.Sprintf("%d %v %d", before, v, q.Len()), err
})

// PY-QUEUE-11: an item that cannot be sent takes up no room and does not harm the queue.
func TestUnsendableElsewhere(t *testing.T) {
	everywhere(t, func(t *testing.T) *queue.Queue[any] { return newQueue[any](t, 1) }, Misput, "0 fit 0")
}

// PY-QUEUE-06: the items that the owner put before a process started come out first, then those of the process, and no others.
func TestBeforeAndAfter(t *testing.T) {
	leak.Check(t)
	q := newQueue[int](t, 0)
	for i := range 10 {
		if err := q.Put(background, i); err != nil {
			t.Fatal(err)
		}
	}
	must(start(t, PutAll, putArg{q, 10, 10}).Result(background))(t)
	var got []int
	for range 20 {
		got = append(got, must(q.Get(background))(t))
	}
	if _, err := q.TryGet(); err != queue.ErrEmpty || !slices.Equal(got, numbers(0, 20)) {
		t.Error(got, err)
	}
}

// PY-QUEUE-03: a full queue that another process has emptied is empty for its owner, too, and has room.
func TestEmptiedElsewhere(t *testing.T) {
	leak.Check(t)
	for _, transport := range transports {
		t.Setenv("MP_TRANSPORT", transport)
		q := newQueue[int](t, 6)
		for i := range 6 {
			if err := q.TryPut(i); err != nil {
				t.Fatal(err)
			}
		}
		if err := q.TryPut(6); err != queue.ErrFull {
			t.Error(err)
		}
		if got := must(start(t, GetAll, putArg{q, 0, 6}).Result(background))(t); !slices.Equal(got, numbers(0, 6)) {
			t.Error(got)
		}
		if _, err := q.TryGet(); err != queue.ErrEmpty || q.Len() != 0 {
			t.Error(q, err)
		}
		if err := q.TryPut(7); err != nil {
			t.Error(err)
		}
	}
}

// PutLast puts one item into each queue that it receives, and confirms that.
var PutLast = mp.Register("queue.putlast", func(ctx context.Context, c *mp.Conn) (n int, err error) {
	for {
		var q *queue.Queue[int]
		if err := c.Recv(ctx, &q); errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return n, err
		}
		if err := errors.Join(q.Put(ctx, n), c.SendBytes(ctx, nil)); err != nil {
			return n, err
		}
		n++
	}
})

// An item that was put before Close comes out, even if it is still on its way at Close.
func TestCloseWithItemsUnderWay(t *testing.T) {
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			leak.Check(t)
			t.Setenv("MP_TRANSPORT", transport)
			ours, theirs, err := mp.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			p := start(t, PutLast, theirs)
			for n := range 300 {
				q := must(queue.New[int](1 + n%2))(t)
				err := ours.Send(background, q)
				if err == nil {
					_, err = ours.RecvBytes(background)
				}
				q.Close()
				var got []int
				for v := range q.All(background) {
					got = append(got, v)
				}
				if !slices.Equal(got, []int{n}) || err != nil {
					t.Fatalf("got %d instead of %d, %v", got, n, err)
				}
			}
			ours.Close()
			must(p.Result(background))(t)
		})
	}
}

// apart is in a package variable: every process has one of its own.
var apart, _ = queue.New[int](1)

// Fill fills the queue of the package.
var Fill = mp.Register("queue.fill", func(ctx context.Context, _ int) (string, error) {
	return fmt.Sprint(apart.Len()), apart.TryPut(1)
})

// A queue in a package variable is not shared: every process has its own.
func TestPackageVariable(t *testing.T) {
	leak.Check(t)
	for range 2 {
		if n := must(start(t, Fill, 0).Result(background))(t); n != "0" || apart.Len() != 0 {
			t.Errorf("%s items there, %d here", n, apart.Len())
		}
	}
}
