package synchronize_test

import (
	"context"
	"io"
	"os"
	"sync"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

// Timed returns how many nanoseconds an uncontended Acquire and Release take in a child.
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

// An uncontended Lock, in its owner before it is sent and in a child, and for comparison a sync.Mutex.
func BenchmarkLock(b *testing.B) {
	ctx := context.Background()
	b.Run("sync.Mutex", func(b *testing.B) {
		var mu sync.Mutex
		for b.Loop() {
			mu.Lock()
			//lint:ignore SA2001 that is what is measured
			mu.Unlock()
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

// PingPong releases the second semaphore each time that it gets the first one.
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

// Echo sends back each byte.
var Echo = mp.Register("echo", func(_ context.Context, files [2]*os.File) (int64, error) { return io.Copy(files[1], files[0]) })

// This process wakes another one and is woken by it: two hand-overs. Pipes are measured for comparison.
func BenchmarkHandOver(b *testing.B) {
	b.Run("semaphores", handOver)
	b.Run("pipes", func(b *testing.B) {
		var there, back [2]*os.File
		for _, p := range []*[2]*os.File{&there, &back} {
			var err error
			if p[0], p[1], err = os.Pipe(); err != nil {
				b.Fatal(err)
			}
			defer p[0].Close()
			defer p[1].Close()
		}
		p, err := mp.Start(context.Background(), Echo, [2]*os.File{there[0], back[1]}, nil)
		if err != nil {
			b.Fatal(err)
		}
		one := make([]byte, 1)
		for b.Loop() {
			if _, err := there[1].Write(one); err != nil {
				b.Fatal(err)
			}
			if _, err := back[0].Read(one); err != nil {
				b.Fatal(err)
			}
		}
		there[1].Close()
		if _, err := p.Result(context.Background()); err != nil {
			b.Error(err)
		}
	})
}

func handOver(b *testing.B) {
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
