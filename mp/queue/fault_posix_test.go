//go:build unix

package queue_test

import (
	"context"
	"errors"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
)

// early is put and got before main. PY-QUEUE-09
var early = func() int {
	q, err := queue.New[int](0)
	if err != nil || q.Put(background, 7) != nil {
		return 0
	}
	v, _ := q.Get(background)
	return v
}()

var (
	// Own makes a queue with one item. The worker that runs it owns the queue, and stays.
	Own = mp.Register("queue.own", func(ctx context.Context, capacity int) (*queue.Queue[int], error) {
		q, err := queue.New[int](capacity)
		if err == nil {
			err = q.Put(ctx, 1)
		}
		return q, err
	})
	// Nest puts 2 and has a child of its own put 1.
	Nest *mp.Func[*queue.Queue[int], int]
	// Sip gets Count items, says so, and then gets no more until its ctx ends.
	Sip = mp.Register("queue.sip", func(ctx context.Context, a sipArg) (int, error) {
		for range a.Count {
			if _, err := a.From.Get(ctx); err != nil {
				return 0, err
			}
		}
		if err := a.Say.Put(ctx, 1); err != nil {
			return 0, err
		}
		<-ctx.Done()
		return 0, nil
	})
	// CloseOwn closes its handle, which ends a Get of the same process and does not concern other processes.
	CloseOwn = mp.Register("queue.closeown", func(ctx context.Context, q *queue.Queue[int]) (bool, error) {
		time.AfterFunc(10*time.Millisecond, func() { q.Close() })
		_, err := q.Get(ctx)
		return errors.Is(err, mp.ErrClosed) && errors.Is(q.Put(ctx, 1), mp.ErrClosed), nil
	})
	Hold = mp.Register("queue.hold", func(ctx context.Context, a holdArg) (int, error) {
		if _, err := a.Q.Get(ctx); err != nil {
			return 0, err
		}
		a.Say.Put(ctx, 1)
		<-ctx.Done()
		return 0, nil
	})
)

type sipArg struct {
	From  *queue.Queue[int]
	Say   *queue.Queue[int]
	Count int
}

type holdArg struct {
	Q   *queue.JoinableQueue[int]
	Say *queue.Queue[int]
}

func init() {
	Nest = mp.Register("queue.nest", func(ctx context.Context, q *queue.Queue[int]) (int, error) {
		if err := q.Put(ctx, 2); err != nil {
			return 0, err
		}
		p, err := mp.Start(ctx, PutAll, putArg{q, 1, 1}, nil)
		if err != nil {
			return 0, err
		}
		return p.Result(ctx)
	})
}

func TestBeforeMain(t *testing.T) {
	if early != 7 {
		t.Error(early)
	}
}

// PY-QUEUE-18
func TestNested(t *testing.T) {
	leak.Check(t)
	q := newQueue[int](t, 0)
	must(start(t, Nest, q).Result(background))(t)
	got := []int{must(q.TryGet())(t), must(q.TryGet())(t)}
	if slices.Sort(got); !slices.Equal(got, []int{1, 2}) {
		t.Error(got)
	}
}

// PY-QUEUE-19, P-22: a queue can be sent at any time, also to a process that runs already.
func TestSentLater(t *testing.T) {
	leak.Check(t)
	way := newQueue[node](t, 0)
	q := must(queue.New[node](0))(t)
	p := start(t, Passing, way)
	way.Put(background, node{5, q})
	if v := must(q.Get(background))(t); v.N != 6 {
		t.Error(v)
	}
	must(p.Result(background))(t)
	q.Close()
}

// Passing gets a queue and puts something into it.
var Passing = mp.Register("queue.passing", func(ctx context.Context, way *queue.Queue[node]) (int, error) {
	v, err := way.Get(ctx)
	if err != nil {
		return 0, err
	}
	return 0, v.Q.Put(ctx, node{N: v.N + 1})
})

// While the owner is frozen, no call waits longer than its ctx or patience. Once the owner is gone, calls return ErrClosed,
// also those that wait.
func TestOwner(t *testing.T) {
	leak.Check(t)
	pool := must(mp.NewPool(background, &mp.PoolOptions{Workers: 1}))(t)
	defer pool.Close()
	q, unused := must(mp.Apply(background, pool, Own, 2))(t), must(mp.Apply(background, pool, Own, 2))(t)
	if q.Len() != 1 || q.Cap() != 2 {
		t.Error(q.Len(), q.Cap())
	}
	if v, err := q.Get(background); v != 1 || err != nil {
		t.Error(v, err)
	}
	pid := pool.Stats().Workers[0].Pid
	if err := prog.Freeze(pid); err != nil {
		t.Fatal(err)
	}
	patient := queue.SetPatience(100 * time.Millisecond)
	ctx, cancel := context.WithTimeout(background, 10*time.Millisecond)
	defer cancel()
	for _, q := range []*queue.Queue[int]{q, unused} {
		if _, err := q.Get(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if _, err := q.TryGet(); !errors.Is(err, mp.ErrTimeout) || errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	for range 3 {
		if err := q.Put(ctx, 1); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	}
	queue.SetPatience(time.Millisecond) // it does not end a call whose ctx had ended before
	over, cancel := context.WithCancel(background)
	cancel()
	if _, err := q.Get(over); !errors.Is(err, context.Canceled) || errors.Is(err, mp.ErrTimeout) {
		t.Error(err)
	}
	syscall.Kill(pid, syscall.SIGCONT)
	patient()
	for q.Len() > 0 { // some of the three Puts may have succeeded
		q.Get(background)
	}
	waits := make(chan error)
	go func() {
		_, err := q.Get(background)
		waits <- err
	}()
	time.Sleep(10 * time.Millisecond)
	prog.Kill(pid)
	if err := <-waits; !errors.Is(err, mp.ErrClosed) {
		t.Error(err)
	}
	if err := q.Put(background, 1); !errors.Is(err, mp.ErrClosed) {
		t.Error(err)
	}
	if _, err := q.TryGet(); !errors.Is(err, mp.ErrClosed) {
		t.Error(err)
	}
}

// Items that were sent ahead to a consumer that does not take them go to other consumers, and producers get the room of those
// that it took. PY-QUEUE-22: also when the consumer is killed.
func TestAheadComesBack(t *testing.T) {
	leak.Check(t)
	for _, capacity := range []int{0, 500} {
		q, say := newQueue[int](t, capacity), newQueue[int](t, 0)
		for i := range 500 {
			q.Put(background, i)
		}
		p := start(t, Sip, sipArg{q, say, 100}) // it takes these quickly, so many are sent ahead to it
		must(say.Get(background))(t)
		if q.Len() != 400 {
			t.Errorf("%d items", q.Len())
		}
		for i := range 100 { // in the room of the items that Sip took
			if err := q.TryPut(500 + i); err != nil {
				t.Fatal(i, err)
			}
		}
		if err := q.TryPut(0); capacity > 0 && err != queue.ErrFull {
			t.Error(err)
		}
		var got []int
		for range 300 {
			got = append(got, must(q.Get(background))(t))
		}
		prog.Kill(p.Pid())
		for q.Len() > 0 {
			got = append(got, must(q.Get(background))(t))
		}
		slices.Sort(got)
		if len(slices.Compact(got)) != len(got) || len(got) < 500 {
			t.Errorf("%d came", len(got))
		}
	}
}

// PY-QUEUE-13, PY-QUEUE-17
func TestCloseOfAClient(t *testing.T) {
	leak.Check(t)
	q := newQueue[int](t, 0)
	if !must(start(t, CloseOwn, q).Result(background))(t) {
		t.Error("it could be used")
	}
	if err := q.TryPut(1); err != nil {
		t.Error(err)
	}
}

// An item in the hands of a process that dies is never done. The next Join says so, and no later one.
func TestJoinAfterADeath(t *testing.T) {
	leak.Check(t)
	q := must(queue.NewJoinable[int](0))(t)
	say := newQueue[int](t, 0)
	q.Put(background, 1)
	p := start(t, Hold, holdArg{q, say})
	must(say.Get(background))(t)
	ctx, cancel := context.WithTimeout(background, 5*time.Millisecond)
	defer cancel()
	if err := q.Join(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	prog.Kill(p.Pid())
	if err := q.Join(background); err == nil || err.Error() != "mp: JoinableQueue.Join: items were not done when the processes that had got them died: 1" {
		t.Error(err)
	}
	if err := q.Join(background); err != nil {
		t.Error(err)
	}
	q.Close()
}
