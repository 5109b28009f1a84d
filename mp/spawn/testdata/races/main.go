// Program races starts children that have data races, as MP_TEST_HOW says. Its "tests" pass, because none looks at the children's
// errors.
package main

import (
	"context"
	"io"
	"os"
	"sync"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
)

var (
	Sum  = mp.Register("sum", sum)
	Keep = mp.Register("keep", keep)
	Open = dataloader.Register("sums", func(context.Context, int) (dataloader.Dataset[int], error) { return sums{}, nil })
	Last = mp.Register("last", func(_ context.Context, samples []int) (int, error) { return samples[0], nil })
)

// sum has a data race, unless n is 0.
func sum(_ context.Context, n int) (int, error) {
	total := 0
	var all sync.WaitGroup
	for range min(n, 2) {
		all.Go(func() { total += n })
	}
	all.Wait()
	return total, nil
}

var kept *os.File

// keep leaves the file open until its process ends.
func keep(ctx context.Context, f *os.File) (int, error) {
	kept = f
	return sum(ctx, 21)
}

type sums struct{}

func (sums) Len() int                                    { return 1 }
func (sums) Get(ctx context.Context, _ int) (int, error) { return sum(ctx, 21) }

type suite struct{}

func (suite) Run() int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	switch os.Getenv("MP_TEST_HOW") {
	case "none":
		process(ctx, 0)
	case "process":
		process(ctx, 21)
	case "many":
		for range 10 {
			process(ctx, 21)
		}
	case "pool":
		workers := pool(ctx)
		defer workers.Close()
	case "ctx":
		pool(ctx)
		workers := mp.ActiveChildren()
		cancel()
		for _, w := range workers {
			check(w.Join(context.Background()))
		}
	case "loader":
		loader, err := dataloader.New(ctx, Open.With(0), Last, &dataloader.Options{Workers: 1, KillDelay: time.Minute})
		check(err)
		defer loader.Close()
		for _, err := range loader.Epoch(ctx) {
			check(err)
		}
	case "late":
		late()
	}
	return 0
}

func process(ctx context.Context, n int) {
	p, err := mp.Start(ctx, Sum, n, nil)
	check(err)
	check(p.Join(ctx))
}

func pool(ctx context.Context) *mp.Pool {
	workers, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 1, KillDelay: time.Minute})
	check(err)
	_, err = mp.Apply(ctx, workers, Sum, 21)
	check(err)
	return workers
}

// late leaves a process that has exited, but counts as living until held has taken its output.
func late() {
	ours, theirs, err := os.Pipe()
	check(err)
	_, err = mp.Start(context.Background(), Keep, theirs, &mp.ProcessOptions{Stderr: held{}})
	check(err)
	theirs.Close()
	io.ReadAll(ours) // ends when the child has exited; no kill can change its exit code any more
}

// held is a writer that blocks until our standard input has ended.
type held struct{}

func (held) Write(p []byte) (int, error) {
	io.Copy(io.Discard, os.Stdin)
	return len(p), nil
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() { mp.TestMain(suite{}) }
