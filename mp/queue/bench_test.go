package queue_test

import (
	"context"
	"errors"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
)

type bytesArg struct {
	Q     *queue.Queue[[]byte]
	Count int
}

var (
	// Pour puts items of 64 bytes.
	Pour = mp.Register("queue.pour", func(ctx context.Context, a bytesArg) (int, error) {
		item := make([]byte, 64)
		for range a.Count {
			if err := a.Q.Put(ctx, item); err != nil {
				return 0, err
			}
		}
		return a.Count, nil
	})
	// Drink gets all items, until the queue is closed.
	Drink = mp.Register("queue.drink", func(ctx context.Context, q *queue.Queue[[]byte]) (n int, err error) {
		for _, err := range q.All(ctx) {
			if err != nil {
				return n, err
			}
			n++
		}
		return n, nil
	})
)

// Items of 64 bytes from a child to the owner.
func BenchmarkToOwner(b *testing.B) {
	q := newQueue[[]byte](b, 0)
	warm(b, q, 1, 0)
	p := start(b, Pour, bytesArg{q, b.N})
	stop := meter(b)
	for range b.N {
		if _, err := q.Get(background); err != nil {
			b.Fatal(err)
		}
	}
	must(p.Result(background))(b)
	stop()
}

// From the owner to a child.
func BenchmarkFromOwner(b *testing.B) {
	q := newQueue[[]byte](b, 0)
	fromOwner(b, q, start(b, Drink, q))
}

// fromOwner puts items into q, which p empties.
func fromOwner(b *testing.B, q interface {
	Put(ctx context.Context, item []byte) error
	Len() int
	Close() error
}, p *mp.Process[int],
) {
	item := make([]byte, 64)
	q.Put(background, item)
	for q.Len() > 0 {
		continue // until p has started and taken the item
	}
	stop := meter(b)
	for range b.N {
		if err := q.Put(background, item); err != nil {
			b.Fatal(err)
		}
	}
	q.Close()
	must(p.Result(background))(b)
	stop()
}

// From one child to another, through the owner.
func BenchmarkThrough(b *testing.B) { through(b, 1) }

// From four children to four others.
func BenchmarkThrough4(b *testing.B) { through(b, 4) }

func through(b *testing.B, n int) {
	q := newQueue[[]byte](b, 0)
	var consumers, producers []*mp.Process[int]
	for range n {
		consumers = append(consumers, start(b, Drink, q))
	}
	warm(b, q, n, 0)
	stop := meter(b)
	for range n {
		producers = append(producers, start(b, Pour, bytesArg{q, b.N/n + 1}))
	}
	for _, p := range producers {
		must(p.Result(background))(b)
	}
	q.Close()
	for _, c := range consumers {
		must(c.Result(background))(b)
	}
	stop()
}

// warm sends the queue to other processes, so that the owner's door (see package share) is open before the measurement.
func warm(b *testing.B, q *queue.Queue[[]byte], producers, count int) {
	for range producers {
		must(start(b, Pour, bytesArg{q, count}).Result(background))(b)
	}
}

// meter reports items per second, the unit of the goals, and the CPU time per item in this process and in its children. On a
// busy machine CPU time says more.
func meter(b *testing.B) (stop func()) {
	self, children := cpu()
	b.ResetTimer()
	return func() {
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "M/s")
		self2, children2 := cpu()
		b.ReportMetric(float64(self2-self)/float64(b.N), "own-cpu-ns/op")
		b.ReportMetric(float64(children2-children)/float64(b.N), "children-cpu-ns/op")
	}
}

// A channel, for comparison.
func BenchmarkChannel(b *testing.B) {
	stop := meter(b)
	c := make(chan []byte, 1024)
	go func() {
		for range b.N {
			c <- make([]byte, 64)
		}
		close(c)
	}()
	for range c {
		continue
	}
	stop()
}

// Put and Get in the owner, without another process.
func BenchmarkAlone(b *testing.B) {
	q := newQueue[[]byte](b, 0)
	item := make([]byte, 64)
	stop := meter(b)
	for range b.N {
		q.Put(background, item)
		if _, err := q.Get(background); err != nil {
			b.Fatal(err)
		}
	}
	stop()
}

// DrinkAcknowledged gets and acknowledges all items, with several goroutines.
var DrinkAcknowledged = mp.Register("queue.drinkacknowledged", func(ctx context.Context, a drinkArg) (int, error) {
	errs := make(chan error)
	for range a.Hands {
		go func() {
			for d, err := range a.Q.All(ctx) {
				if err == nil {
					err = d.Ack()
				}
				if err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	var err error
	for range a.Hands {
		err = errors.Join(err, <-errs)
	}
	return 0, err
})

type drinkArg struct {
	Q     *queue.AcknowledgedQueue[[]byte]
	Hands int
}

// From the owner to a child that acknowledges each item, by one goroutine or by ten.
func BenchmarkAcknowledged(b *testing.B)   { acknowledge(b, 1) }
func BenchmarkAcknowledged10(b *testing.B) { acknowledge(b, 10) }

func acknowledge(b *testing.B, hands int) {
	q := newAcknowledged[[]byte](b, 0)
	fromOwner(b, q, start(b, DrinkAcknowledged, drinkArg{q, hands}))
}
