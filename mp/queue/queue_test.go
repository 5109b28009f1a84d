package queue_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
)

// transports are those that there are on this system.
var transports = map[bool][]string{true: {"shm", "socket"}, false: {"socket"}}[runtime.GOOS == "linux"]

func numbers(from, count int) []int {
	all := make([]int, count)
	for i := range all {
		all[i] = from + i
	}
	return all
}

// PY-QUEUE-01, PY-QUEUE-02, PY-QUEUE-04, PY-QUEUE-14, PY-QUEUE-17
func TestAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := must(queue.New[int](2))(t)
		for i, want := range []error{nil, nil, queue.ErrFull} {
			if err := q.TryPut(i); err != want {
				t.Errorf("TryPut %d: %v", i, err)
			}
		}
		if q.Len() != 2 || q.Cap() != 2 {
			t.Error(q)
		}
		began := time.Now()
		ctx, cancel := context.WithTimeout(background, time.Second)
		defer cancel()
		if err := q.Put(ctx, 9); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("Put: %v after %v", err, time.Since(began))
		}
		if v, err := q.Get(ctx); v != 0 || err != nil { // ctx is over, but Get need not wait
			t.Error(v, err)
		}
		go func() {
			time.Sleep(time.Second)
			q.Put(background, 2)
			q.Put(background, 3) // waits
			q.Close()
		}()
		var got []int
		for v, err := range q.All(background) {
			if err != nil {
				t.Error(err)
			}
			got = append(got, v)
			time.Sleep(time.Second)
		}
		if !slices.Equal(got, []int{1, 2, 3}) {
			t.Error(got)
		}
		if err := q.Put(background, 1); !errors.Is(err, mp.ErrClosed) {
			t.Error(err)
		}
		if _, err := q.TryGet(); !errors.Is(err, mp.ErrClosed) {
			t.Error(err)
		}
		if q.Close() != nil || q.Len() != 0 {
			t.Error(q)
		}
	})
}

// PY-QUEUE-02: Puts that wait for room get it in order; Close ends their wait.
func TestWaitersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := must(queue.New[int](1))(t)
		q.TryPut(0)
		errs := make(chan error, 3)
		for i := range 3 {
			go func() { errs <- q.Put(background, i+1) }()
			synctest.Wait()
		}
		for want := range 3 {
			if v, _ := q.Get(background); v != want {
				t.Errorf("got %d instead of %d", v, want)
			}
			synctest.Wait()
		}
		go func() { errs <- q.Put(background, 4) }()
		synctest.Wait()
		q.Close()
		for i, closed := range []bool{false, false, false, true} {
			if err := <-errs; errors.Is(err, mp.ErrClosed) != closed {
				t.Error(i, err)
			}
		}
		if v, err := q.Get(background); v != 3 || err != nil {
			t.Error(v, err)
		}
	})
}

// PY-QUEUE-04: the items that one process puts come to another one in order, in both directions.
func TestThereAndBack(t *testing.T) {
	leak.Check(t)
	for _, transport := range transports {
		for _, capacity := range []int{0, 1, 10} {
			t.Run(transport, func(t *testing.T) {
				t.Setenv("MP_TRANSPORT", transport)
				count := 3000
				if transport == "socket" {
					count = 300 // each item takes a round trip
				}
				q := newQueue[int](t, capacity)
				p := start(t, PutAll, putArg{q, 0, count})
				for want := range count {
					if v, err := q.Get(background); v != want || err != nil {
						t.Fatalf("got %d, %v instead of %d", v, err, want)
					}
				}
				must(p.Result(background))(t)
				c := start(t, GetAll, putArg{q, 0, count})
				for i := range count {
					if err := q.Put(background, i); err != nil {
						t.Fatal(err)
					}
				}
				if got := must(c.Result(background))(t); !slices.Equal(got, numbers(0, count)) {
					t.Error("they came otherwise")
				}
				if q.Len() != 0 {
					t.Error(q)
				}
				if _, err := q.TryGet(); err != queue.ErrEmpty {
					t.Error(err)
				}
			})
		}
	}
}

// PY-QUEUE-16, PY-QUEUE-21: a process that has put far more than a pipe holds can end before an item is got; all items are
// there at once.
func TestPutAndGone(t *testing.T) {
	leak.Check(t)
	count := 50_000
	if transports[0] != "shm" {
		count = 2_000 // each item takes a round trip
	}
	q := newQueue[int](t, 0)
	p := start(t, PutAll, putArg{q, 0, count})
	must(p.Result(background))(t)
	if err := p.Join(background); err != nil {
		t.Error(err)
	}
	if code, ended := p.ExitCode(); code != 0 || !ended {
		t.Error(code, ended)
	}
	if q.Len() != count {
		t.Errorf("%d items", q.Len())
	}
	for i := range count {
		if v, err := q.TryGet(); v != i || err != nil {
			t.Fatal(i, v, err)
		}
	}
}

// PY-QUEUE-14, PY-QUEUE-17: what a client sees of a bounded and of a closed queue.
func TestTryInAChild(t *testing.T) {
	leak.Check(t)
	for _, transport := range transports {
		t.Setenv("MP_TRANSPORT", transport)
		q := newQueue[int](t, 2)
		want := []string{"ok", "ok", queue.ErrFull.Error(), "ok", "ok", queue.ErrEmpty.Error()}
		if got := must(start(t, Try, q).Result(background))(t); !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
		q.TryPut(7)
		q.Close()
		if got := must(start(t, Try, q).Result(background))(t); !slices.Equal(got, []string{"closed", "closed", "closed", "ok", "closed", "closed"}) {
			t.Errorf("%q", got)
		}
	}
}

// After Close, several consumers share the items that are left, and all of them end. The order is not checked: on a busy machine
// a consumer may stand still for 50 ms.
func TestCloseDrains(t *testing.T) {
	leak.Check(t)
	for _, transport := range transports {
		t.Setenv("MP_TRANSPORT", transport)
		q := newQueue[int](t, 0)
		var all []int
		var consumers []*mp.Process[[]int]
		for range 3 {
			consumers = append(consumers, start(t, GetAll, putArg{q, 0, 0}))
		}
		for i := range 1000 {
			q.Put(background, i)
		}
		q.Close()
		for _, c := range consumers {
			all = append(all, must(c.Result(background))(t)...)
		}
		slices.Sort(all)
		if !slices.Equal(all, numbers(0, 1000)) {
			t.Errorf("%d items came out", len(all))
		}
	}
}

// PY-QUEUE-11, PY-QUEUE-12: a Put of an item that cannot be sent fails and does not change the queue.
func TestUnsendable(t *testing.T) {
	leak.Check(t)
	q := newQueue[any](t, 1)
	if err := q.Put(background, func() {}); err == nil || !strings.Contains(err.Error(), "mp: Queue.Put: the item cannot be sent") {
		t.Error(err)
	}
	if q.Len() != 0 || q.TryPut(1) != nil {
		t.Error(q)
	}
	if _, err := queue.New[struct{ A struct{ F func() } }](0); err == nil || !strings.Contains(err.Error(), ".A.F is a func and cannot be sent") {
		t.Error(err)
	}
	if _, err := json.Marshal(q); err == nil || !strings.Contains(err.Error(), "as JSON") {
		t.Error(err)
	}
	if _, err := msgpack.Marshal(q); err == nil || !strings.Contains(err.Error(), "by this library") {
		t.Error(err)
	}
	q.Get(background)
	if err := q.Put(background, q); err == nil {
		t.Error("a queue went as an any")
	}
	if _, err := mp.Start(background, PutAll, putArg{Q: new(queue.Queue[int])}, nil); err == nil || !strings.Contains(err.Error(), "was not made by NewQueue") {
		t.Error(err)
	}
	unmade := new(queue.JoinableQueue[int])
	_, err := unmade.Get(background)
	for _, err := range []error{err, unmade.Put(background, 1), unmade.TryPut(1), unmade.TaskDone(), unmade.Join(background)} {
		if !errors.Is(err, mp.ErrClosed) {
			t.Error(err)
		}
	}
	if err := unmade.Close(); err != nil || unmade.Len() != 0 || unmade.String() == "" {
		t.Error(err, unmade)
	}
}

type node struct {
	N int
	Q *queue.Queue[node]
}

// A queue goes through itself, and files go through a queue.
func TestHandlesAndFiles(t *testing.T) {
	leak.Check(t)
	q := newQueue[node](t, 0)
	q.Put(background, node{1, q})
	v := must(q.Get(background))(t)
	v.Q.Put(background, node{N: 2})
	if w := must(q.Get(background))(t); w.N != 2 {
		t.Error(w)
	}
	files := newQueue[*os.File](t, 0)
	f := must(os.Open("queue.go"))(t)
	files.Put(background, f)
	f.Close()
	g := must(files.Get(background))(t)
	defer g.Close()
	if _, err := g.Read(make([]byte, 10)); err != nil {
		t.Error(err)
	}
}

// PY-QUEUE-08, PY-QUEUE-15
func TestJoinable(t *testing.T) {
	leak.Check(t)
	q := must(queue.NewJoinable[int](0))(t)
	if err := q.Join(background); err != nil {
		t.Error(err)
	}
	if err := q.TaskDone(); err == nil {
		t.Error("done although there was nothing")
	}
	done := newQueue[int](t, 0)
	var workers []*mp.Process[int]
	for range 4 {
		workers = append(workers, start(t, Work, work{q, done}))
	}
	for i := range 100 {
		q.Put(background, i)
	}
	if err := q.Join(background); err != nil || done.Len() != 100 {
		t.Errorf("%d were done, %v", done.Len(), err)
	}
	if err := q.TaskDone(); err == nil {
		t.Error("one more was done than there were")
	}
	q.Close()
	sum := 0
	for _, w := range workers {
		sum += must(w.Result(background))(t)
	}
	if sum != 100 {
		t.Errorf("%d done", sum)
	}
}

// A queue that was closed before its items are done ends with the last TaskDone, which still succeeds.
func TestJoinableClosedBefore(t *testing.T) {
	for _, transport := range transports {
		t.Setenv("MP_TRANSPORT", transport)
		leak.Check(t)
		q := must(queue.NewJoinable[int](0))(t)
		done := newQueue[int](t, 0)
		var workers []*mp.Process[int]
		for range 2 {
			workers = append(workers, start(t, Work, work{q, done}))
		}
		for i := range 10 {
			q.Put(background, i)
		}
		q.Close()
		if err := q.Join(background); err != nil || done.Len() != 10 {
			t.Errorf("%d were done, %v", done.Len(), err)
		}
		sum := 0
		for _, w := range workers {
			sum += must(w.Result(background))(t)
		}
		if sum != 10 {
			t.Errorf("%d done", sum)
		}
	}
}

// No wake-up is missed when items go there and back one by one, some by a ring and some over the link.
func TestOneByOne(t *testing.T) {
	leak.Check(t)
	for _, transport := range transports {
		t.Setenv("MP_TRANSPORT", transport)
		there, back := newQueue[[]byte](t, 0), newQueue[[]byte](t, 0)
		p := start(t, Echo, echoArg{there, back})
		for i := range 1000 {
			item := make([]byte, []int{0, 1, 64, 5000, 20_000}[i%5])
			there.Put(background, item)
			if got := must(back.Get(background))(t); len(got) != len(item) {
				t.Fatal(i, len(got))
			}
		}
		there.Close()
		must(p.Result(background))(t)
	}
}
