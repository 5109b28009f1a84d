// Exits ends in the way that MP_TEST_HOW says.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/record"
	"github.com/go-multiprocessing/multiprocessing/mp/process"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

func init() { prog.CountStart() }

var how = os.Getenv("MP_TEST_HOW")

// Linger prints its pid. Then it runs for ever if path is empty, else for 100 ms.
var Linger = mp.Register("linger", func(ctx context.Context, path string) (int, error) {
	fmt.Println("living", os.Getpid())
	for path == "" {
		time.Sleep(time.Hour)
	}
	time.Sleep(100 * time.Millisecond)
	fmt.Println("lived")
	return 0, nil
})

// Family starts deep generations of itself and never ends. It refers to itself, so init registers it.
var Family *mp.Func[int, int]

func init() {
	Family = mp.Register("family", func(ctx context.Context, deep int) (int, error) {
		if deep > 0 {
			if _, err := mp.Start(context.Background(), Family, deep-1, nil); err != nil {
				return 0, err
			}
		}
		fmt.Println("living", os.Getpid())
		for how == "busy" {
		}
		select {}
	})
}

var (
	Square = mp.Register("square", func(_ context.Context, n int) (int, error) { return n * n, nil })
	Nest   = mp.Register("nest", func(ctx context.Context, _ int) (int, error) { return 0, usePool(ctx) })
)

// usePool uses a pool and forgets to close it.
func usePool(ctx context.Context) error {
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 6})
	if err != nil {
		return err
	}
	_, err = mp.Map(ctx, pool, Square, make([]int, 2000))
	return err
}

func main() {
	if how == "context" {
		mp.MainContext(func(ctx context.Context) error {
			fmt.Println("waiting", os.Getpid())
			<-ctx.Done()
			return fmt.Errorf("stopped: %w", ctx.Err())
		})
	}
	mp.Main(run)
}

func run() error {
	ctx := context.Background()
	switch how {
	case "error":
		return errors.New("it went wrong")
	case "panic":
		panic("boom")
	case "exit":
		mp.AtExit(func() { fmt.Println("hook 1") })
		mp.AtExit(func() { fmt.Println("hook 2") })
		mp.AtExit(func() { panic("a bad hook") })
		mp.Exit(7)
	case "log":
		spawn.SetLog(record.Debug, func(r *record.Record) {
			if strings.Contains(r.Message, "spare") {
				mp.Exit(4)
			}
		})
		if err := process.KeepSpares(1); err != nil {
			return err
		}
		select {}
	case "daemon", "osexit":
		_, err := mp.Start(ctx, Linger, "", &mp.ProcessOptions{Daemon: true})
		if how == "osexit" {
			os.Exit(3)
		}
		return err
	case "join":
		mp.AtExit(func() { fmt.Println("hook after the join") })
		_, err := mp.Start(ctx, Linger, "x", nil)
		return err
	case "join forever":
		_, err := mp.Start(ctx, Linger, "", nil)
		return err
	case "pool":
		_, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2}) // never closed
		return err
	case "used pool", "nested pool":
		if how == "nested pool" {
			p, err := mp.Start(ctx, Nest, 0, nil)
			if err != nil {
				return err
			}
			_, err = p.Result(ctx)
			return err
		}
		return usePool(ctx)
	case "workers":
		pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 3})
		if err != nil {
			return err
		}
		mp.Submit(ctx, pool, Linger, "") // one is at work, the others are idle
		for _, w := range pool.Stats().Workers {
			fmt.Println("living", w.Pid)
		}
		select {}
	case "family", "busy":
		if _, err := mp.Start(ctx, Family, 2, nil); err != nil {
			return err
		}
		signal.Ignore(syscall.SIGHUP)
		select {}
	}
	return nil
}
