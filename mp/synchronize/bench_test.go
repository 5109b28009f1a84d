package synchronize_test

import (
	"context"
	"sync"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

// Timed is how many nanoseconds an Acquire and a Release take in a child, where nobody else wants the lock.
var Timed = mp.Register("timed", func(ctx context.Context, l *synchronize.Lock) (float64, error) {
	r := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			if l.Acquire(ctx) != nil || l.Release() != nil {
				b.Fatal("no lock")
			}
		}
	})
	return float64(r.T.Nanoseconds()) / float64(r.N), nil
})

// Uncontended: in the owner before and after the lock is known elsewhere, in a child, and a mutex of Go's.
func BenchmarkLock(b *testing.B) {
	ctx := context.Background()
	b.Run("sync.Mutex", func(b *testing.B) {
		var mu sync.Mutex
		for b.Loop() {
			mu.Lock()
			mu.Unlock() //nolint:staticcheck // that is what is measured
		}
	})
	for _, transport := range []string{"shm", "socket"} {
		b.Run(transport, func(b *testing.B) {
			b.Setenv("MP_TRANSPORT", transport)
			l := made(synchronize.NewLock())(b)
			b.Run("owner", func(b *testing.B) {
				for b.Loop() {
					if l.Acquire(ctx) != nil || l.Release() != nil {
						b.Fatal("no lock")
					}
				}
			})
			b.Run("child", func(b *testing.B) {
				p, err := mp.Start(ctx, Timed, l, nil)
				if err != nil {
					b.Fatal(err)
				}
				ns, err := p.Result(ctx)
				if err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
				}
				b.ReportMetric(ns, "ns/op")
			})
		})
	}
}

// PingPong releases one semaphore for each time that it gets the other one.
var PingPong = mp.Register("pingpong", func(ctx context.Context, k [2]*synchronize.Semaphore) (int, error) {
	for i := 0; ; i++ {
		if err := k[0].Acquire(ctx); err != nil {
			return i, nil // closed: the end
		}
		if err := k[1].Release(); err != nil {
			return i, nil
		}
	}
})

// There and back: a process wakes another one, and is woken by it. Two hand-overs.
func BenchmarkHandOver(b *testing.B) {
	ctx := context.Background()
	there, back := made(synchronize.NewSemaphore(0))(b), made(synchronize.NewSemaphore(0))(b)
	p, err := mp.Start(ctx, PingPong, [2]*synchronize.Semaphore{there, back}, nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if there.Release() != nil || back.Acquire(ctx) != nil {
			b.Fatal("no semaphore")
		}
	}
	there.Close()
	if _, err := p.Result(ctx); err != nil {
		b.Error(err)
	}
}
