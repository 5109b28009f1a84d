package queue_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
)

type acknowledged = queue.AcknowledgedQueue[int]

type graspArg struct {
	Q    *acknowledged
	Tell *queue.Queue[int] // one number for each item to get
	Say  *queue.Queue[int]
}

var (
	// AckAll acknowledges all items. It returns every tenth one first, and acknowledges it when it comes again.
	AckAll = mp.Register("queue.ackall", func(ctx context.Context, q *acknowledged) (got []int, err error) {
		for d, err := range q.All(ctx) {
			if err != nil {
				return got, err
			}
			got = append(got, d.Value)
			if d.Value%10 == 0 && d.Redelivered == 0 {
				err = d.Return()
			} else {
				err = d.Ack()
			}
			if err != nil {
				return got, err
			}
		}
		return got, nil
	})
	// Grasp gets an item for each number in Tell, and holds all of them to its end.
	Grasp = mp.Register("queue.grasp", func(ctx context.Context, a graspArg) (int, error) {
		var kept []*queue.Delivery[int]
		for range a.Tell.All(ctx) {
			d, err := a.Q.Get(ctx)
			if err != nil {
				return 0, err
			}
			kept = append(kept, d)
			if err := a.Say.Put(ctx, d.Value); err != nil {
				return 0, err
			}
		}
		runtime.KeepAlive(kept)
		return len(kept), nil
	})
	// AckAndDie gets two items, acknowledges the first one, and kills its process at once.
	AckAndDie = mp.Register("queue.ackanddie", func(ctx context.Context, q *acknowledged) (int, error) {
		d, err := q.Get(ctx)
		if err != nil {
			return 0, err
		}
		if _, err := q.Get(ctx); err != nil {
			return 0, err
		}
		if err := d.Ack(); err != nil {
			return 0, err
		}
		return 0, prog.Kill(os.Getpid())
	})
	// Misuse returns the outcomes of calls that have to fail and of calls that must not fail.
	Misuse = mp.Register("queue.misuse", func(ctx context.Context, q *acknowledged) (said []string, err error) {
		note := func(err error) {
			text := "ok"
			if err != nil {
				text = err.Error()
			}
			said = append(said, text)
		}
		a, err := q.Get(ctx)
		note(err)
		b, err := q.Get(ctx)
		note(err)
		_, err = q.TryGet()
		note(err)
		note(q.TryPut(3))
		q.Close()
		note(a.Ack())
		note(a.Ack())
		note(b.Return())
		note(b.Ack())
		note(new(queue.Delivery[int]).Ack())
		return said, nil
	})
)

func newAcknowledged[T any](t testing.TB, capacity int) *queue.AcknowledgedQueue[T] {
	t.Helper()
	q := must(queue.NewAcknowledged[T](capacity))(t)
	t.Cleanup(func() {
		q.Close()
		for d := range q.All(background) {
			d.Ack()
		}
	})
	return q
}

func get[T any](t testing.TB, q *queue.AcknowledgedQueue[T]) *queue.Delivery[T] {
	t.Helper()
	return must(q.Get(background))(t)
}

// An item belongs to the queue until it is acknowledged: it keeps its room, it can come back, and a closed queue waits for it.
func TestAcknowledgedAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := must(queue.NewAcknowledged[int](2))(t)
		q.TryPut(0)
		q.TryPut(1)
		first := get(t, q)
		if err := q.TryPut(2); err != queue.ErrFull || q.Len() != 2 || q.Cap() != 2 {
			t.Error(err, q)
		}
		second := get(t, q)
		if _, err := q.TryGet(); err != queue.ErrEmpty {
			t.Error(err)
		}
		if first.Value != 0 || second.Value != 1 || first.Redelivered+second.Redelivered != 0 {
			t.Error(first, second)
		}
		if second.Return() != nil || first.Return() != nil {
			t.Error("cannot be returned")
		}
		if ready, err := q.Ready(background, false); !ready || err != nil {
			t.Error(ready, err)
		}
		first, second = get(t, q), get(t, q)
		if ready, err := q.Ready(background, false); ready || err != nil {
			t.Error(ready, err)
		}
		if first.Value != 0 || second.Value != 1 || first.Redelivered != 1 || second.Redelivered != 1 {
			t.Error(first, second)
		}
		put := make(chan error, 1)
		go func() { put <- q.Put(background, 2) }()
		synctest.Wait()
		if err := first.Ack(); err != nil || <-put != nil {
			t.Error(err)
		}
		q.Close()
		go func() {
			time.Sleep(time.Second)
			second.Return()
		}()
		for want := 2; want > 0; want-- { // item 1 comes once it was returned
			d := get(t, q)
			if d.Value != want {
				t.Errorf("%d instead of %d", d.Value, want)
			}
			go func() {
				time.Sleep(2 * time.Second)
				d.Ack()
			}()
		}
		began := time.Now()
		if _, err := q.Get(background); !errors.Is(err, mp.ErrClosed) || time.Since(began) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// Drop gets an item twice. It drops the first delivery, and acknowledges the second one before it drops that, too.
var Drop = mp.Register("queue.drop", func(ctx context.Context, q *acknowledged) (got string, err error) {
	for _, ack := range []bool{false, true} {
		collected := make(chan bool)
		err = errors.Join(err, func() error {
			d, err := q.Get(ctx)
			if err != nil {
				return err
			}
			got += fmt.Sprintln(d.Value, d.Redelivered)
			runtime.AddCleanup(d, func(c chan bool) { close(c) }, collected)
			if !ack {
				return nil
			}
			return d.Ack()
		}())
		runtime.GC()
		<-collected
	}
	err = errors.Join(err, q.TryPut(2)) // fails if the acknowledged item was returned: the owner breaks the link then
	return got + fmt.Sprint(q.Len()), err
})

// The item of a dropped delivery comes back, unless it was acknowledged.
func TestDroppedDelivery(t *testing.T) {
	everywhere(t, func(t *testing.T) *acknowledged {
		q := newAcknowledged[int](t, 0)
		q.Put(background, 1)
		return q
	}, Drop, "1 0\n1 1\n1")
}

func TestAcknowledgedByChildren(t *testing.T) {
	leak.Check(t)
	for _, transport := range transports {
		for _, capacity := range []int{0, 10} {
			t.Setenv("MP_TRANSPORT", transport)
			q := newAcknowledged[int](t, capacity)
			p := start(t, AckAll, q)
			for i := range 200 {
				if err := q.Put(background, i); err != nil {
					t.Fatal(err)
				}
			}
			q.Close()
			var want []int
			for i := range 200 {
				if want = append(want, i); i%10 == 0 {
					want = append(want, i) // it was returned, and comes again
				}
			}
			got := must(p.Result(background))(t)
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("%s: %v", q, got)
			}
			if _, err := q.Get(background); !errors.Is(err, mp.ErrClosed) {
				t.Error(err)
			}
		}
	}
}

// The items in the hands of a process come back when it ends or is killed. They keep their order, also among items that others
// return. PY-QUEUE-22
func TestHandsOfTheDead(t *testing.T) {
	leak.Check(t)
	for _, transport := range transports {
		for _, killed := range []bool{false, true} {
			t.Setenv("MP_TRANSPORT", transport)
			q, tell, say := newAcknowledged[int](t, 0), newQueue[int](t, 0), newQueue[int](t, 0)
			p := start(t, Grasp, graspArg{q, tell, say})
			var ours []*queue.Delivery[int]
			for i := range 6 {
				q.Put(background, i)
				if i%2 == 0 {
					tell.Put(background, 0)
					if v := must(say.Get(background))(t); v != i {
						t.Error(v)
					}
					continue
				}
				ours = append(ours, get(t, q))
			}
			if killed {
				p.Kill()
			} else {
				tell.Close()
			}
			first := get(t, q) // waits until the owner has seen the end of the process
			for _, d := range slices.Backward(ours) {
				d.Return()
			}
			q.Put(background, 6)
			for want := range 7 {
				if want > 0 {
					first = get(t, q)
				}
				if first.Value != want || first.Redelivered != 1-want/6 {
					t.Errorf("%v instead of %d", first, want)
				}
				first.Ack()
			}
		}
	}
}

// An Ack that has returned nil counts even if its process is killed at once. The other item in that process's hands comes back
// once.
func TestAckAndDie(t *testing.T) {
	leak.Check(t)
	for _, transport := range transports {
		t.Setenv("MP_TRANSPORT", transport)
		q := newAcknowledged[int](t, 0)
		for i := range 10 {
			q.Put(background, 2*i)
			q.Put(background, 2*i+1)
			<-start(t, AckAndDie, q).Done()
			d := get(t, q)
			if d.Value != 2*i+1 || d.Redelivered != 1 || q.Len() != 1 {
				t.Error(d, q)
			}
			d.Ack()
		}
	}
}

func TestMisuseOfDeliveries(t *testing.T) {
	leak.Check(t)
	for _, transport := range transports {
		t.Setenv("MP_TRANSPORT", transport)
		q := newAcknowledged[int](t, 2)
		q.Put(background, 1)
		q.Put(background, 2)
		before := "it was acknowledged or returned before"
		want := []string{
			"ok", "ok", queue.ErrEmpty.Error(), queue.ErrFull.Error(), "ok",
			"mp: Delivery.Ack: " + before, "ok", "mp: Delivery.Ack: " + before, "mp: Delivery.Ack: it was not got from a queue",
		}
		if got := must(start(t, Misuse, q).Result(background))(t); !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
		if d := get(t, q); d.Value != 2 || d.Redelivered != 1 || d.Ack() != nil || d.Return() == nil {
			t.Error(d)
		}
	}
}

// picky cannot be decoded.
type picky struct{}

func (picky) MarshalBinary() ([]byte, error)  { return []byte{1}, nil }
func (*picky) UnmarshalBinary(b []byte) error { return errors.New("no") }

type letter struct {
	Q *queue.AcknowledgedQueue[letter]
	F *os.File
}

// The handles and files in an item can be used after each delivery of the item.
func TestWhatIsDelivered(t *testing.T) {
	leak.Check(t)
	q := newAcknowledged[letter](t, 0)
	f := must(os.Open("queue.go"))(t)
	q.Put(background, letter{q, f})
	f.Close()
	for range 2 {
		d := get(t, q)
		if d.Value.Q.Len() != 1 {
			t.Error(d.Value.Q)
		}
		if _, err := io.ReadAll(d.Value.F); err != nil {
			t.Error(err)
		}
		d.Value.F.Close()
		if err := d.Return(); err != nil {
			t.Error(err)
		}
	}
	d := get(t, q)
	d.Value.F.Close()
	d.Ack()
	bad := newAcknowledged[*picky](t, 0)
	bad.Put(background, new(picky))
	p, err := bad.Get(background)
	if err == nil || !strings.Contains(err.Error(), "mp: AcknowledgedQueue.Get: the item cannot be decoded") {
		t.Error(err)
	}
	if p.Value != nil || p.Ack() != nil || bad.Len() != 0 {
		t.Error(p)
	}
}

func TestUnsendableAcknowledged(t *testing.T) {
	if _, err := queue.NewAcknowledged[func()](0); err == nil || !strings.Contains(err.Error(), "mp: NewAcknowledged: the items cannot be sent") {
		t.Error(err)
	}
	if _, err := queue.New[queue.Delivery[int]](0); err == nil {
		t.Error("a delivery can be sent")
	}
	q := newAcknowledged[any](t, 0)
	if err := q.Put(background, func() {}); err == nil || !strings.Contains(err.Error(), "mp: AcknowledgedQueue.Put: the item cannot be sent") {
		t.Error(err)
	}
	if _, err := json.Marshal(q); err == nil || !strings.Contains(err.Error(), "as JSON") {
		t.Error(err)
	}
	if _, err := msgpack.Marshal(q); err == nil || !strings.Contains(err.Error(), "by this library") {
		t.Error(err)
	}
	if err := q.Put(background, q); err == nil {
		t.Error("a queue went as an any")
	}
	ends := newAcknowledged[*mp.Conn](t, 0)
	a, b, err := mp.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	defer a.Close()
	if err := ends.Put(background, a); err == nil || a.SendBytes(background, nil) != nil {
		t.Error("an end of a pipe can be given out twice", err)
	}
	if err := new(acknowledged).Put(background, 1); !errors.Is(err, mp.ErrClosed) {
		t.Error(err)
	}
	if _, err := new(acknowledged).Get(background); !errors.Is(err, mp.ErrClosed) {
		t.Error(err)
	}
	if _, err := mp.Start(background, AckAll, new(acknowledged), nil); err == nil || !strings.Contains(err.Error(), "NewAcknowledged") {
		t.Error(err)
	}
}
