package queue_test

import (
	"context"
	"errors"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
)

func TestMain(m *testing.M) { mp.TestMain(prog.Tests{M: m}) }

var background = context.Background()

// What the children of these tests do.
var (
	// PutAll puts numbers from From on.
	PutAll = mp.Register("queue.put", func(ctx context.Context, a putArg) (int, error) {
		for i := range a.Count {
			if err := a.Q.Put(ctx, a.From+i); err != nil {
				return i, err
			}
		}
		return a.Count, nil
	})
	// GetAll gets Count numbers, or all if Count is 0.
	GetAll = mp.Register("queue.get", func(ctx context.Context, a putArg) (got []int, err error) {
		for n, err := range a.Q.All(ctx) {
			if err != nil {
				return got, err
			}
			if got = append(got, n); len(got) == a.Count {
				break
			}
		}
		return got, nil
	})
	Try = mp.Register("queue.try", func(ctx context.Context, q *queue.Queue[int]) (states []string, err error) {
		note := func(err error) {
			switch {
			case err == nil:
				states = append(states, "ok")
			case errors.Is(err, mp.ErrClosed):
				states = append(states, "closed")
			default:
				states = append(states, err.Error())
			}
		}
		for i := range 3 {
			note(q.TryPut(i))
		}
		for range 3 {
			_, err := q.TryGet()
			note(err)
		}
		return states, nil
	})
	// Work puts each item into Done, and then calls TaskDone for it.
	Work = mp.Register("queue.work", func(ctx context.Context, w work) (done int, err error) {
		for n := range w.Q.All(ctx) {
			done++
			if err := errors.Join(w.Done.Put(ctx, n), w.Q.TaskDone()); err != nil {
				return done, err
			}
		}
		return done, nil
	})
)

// Echo puts back what it gets.
var Echo = mp.Register("queue.echo", func(ctx context.Context, a echoArg) (n int, err error) {
	for item, err := range a.There.All(ctx) {
		if err == nil {
			err = a.Back.Put(ctx, item)
		}
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
})

type echoArg struct{ There, Back *queue.Queue[[]byte] }

type work struct {
	Q    *queue.JoinableQueue[int]
	Done *queue.Queue[int]
}

type putArg struct {
	Q           *queue.Queue[int]
	From, Count int
}

func must[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newQueue[T any](t testing.TB, capacity int) *queue.Queue[T] {
	t.Helper()
	q := must(queue.New[T](capacity))(t)
	t.Cleanup(func() {
		q.Close()
		for range q.All(background) {
			continue
		}
	})
	return q
}

func start[A, R any](t testing.TB, fn *mp.Func[A, R], arg A) *mp.Process[R] {
	t.Helper()
	p := must(mp.Start(background, fn, arg, nil))(t)
	t.Cleanup(func() {
		p.Kill()
		<-p.Done()
		p.Close()
	})
	return p
}
