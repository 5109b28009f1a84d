// Start is a small program that starts processes, for figures in which the size of the program counts. The build tags
// ballast16 and ballast60 make it 16 or 60 MiB larger. The tag slow makes its initialisation take 150 ms. It keeps to the
// rules of measure.Partner.
//
//	start processes N    starts N processes by mp, one after the other, and joins each
//	start programs N     starts itself N times by os/exec, and waits for each
//	start idle           has a pool of two workers that have nothing to do any more
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// ballast refers to what a build tag adds, so that the linker keeps that in the file.
var ballast []byte

var (
	nothing = mp.Register("nothing", func(context.Context, int) (int, error) { return len(ballast), nil })
	same    = mp.Register("same", func(_ context.Context, b []byte) ([]byte, error) { return b, nil })
)

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	if len(os.Args) < 2 {
		return nil
	}
	in := bufio.NewReader(os.Stdin)
	switch os.Args[1] {
	case "processes":
		return repeat(in, func() error {
			p, err := mp.Start(ctx, nothing, 0, nil)
			if err != nil {
				return err
			}
			return p.Join(ctx)
		})
	case "programs":
		self, err := os.Executable()
		if err != nil {
			return err
		}
		return repeat(in, func() error { return exec.CommandContext(ctx, self).Run() })
	case "idle":
		return idle(ctx, in)
	}
	return fmt.Errorf("no case is called %s", os.Args[1])
}

func repeat(in *bufio.Reader, operation func() error) error {
	n, err := strconv.Atoi(os.Args[2])
	if err != nil {
		return err
	}
	for range n/10 + 1 {
		if err := operation(); err != nil {
			return err
		}
	}
	fmt.Println("ready")
	in.ReadString('\n')
	took := make([]time.Duration, n)
	began := time.Now()
	for i := range took {
		at := time.Now()
		if err := operation(); err != nil {
			return err
		}
		took[i] = time.Since(at)
	}
	all := time.Since(began)
	slices.Sort(took)
	fmt.Println(n, all.Seconds(), took[n/2].Seconds(), took[n*99/100].Seconds())
	in.ReadString('\n')
	return nil
}

func idle(ctx context.Context, in *bufio.Reader) error {
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2})
	if err != nil {
		return err
	}
	defer pool.Close()
	items := make([][]byte, 1000)
	if _, err := mp.Map(ctx, pool, same, items, mp.ChunkSize(1)); err != nil {
		return err
	}
	fmt.Println("ready")
	in.ReadString('\n')
	return nil
}
