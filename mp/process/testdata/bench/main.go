//go:build linux

// Bench measures what processes cost and prints the figures that its argument names as "value unit", one a line. It is a
// program because its children are itself: those of a test binary would start more slowly and be larger.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var (
	Empty = mp.Register("empty", func(context.Context, int) (int, error) { return 0, nil })
	Idle  = mp.Register("idle", func(ctx context.Context, _ int) (int, error) { <-ctx.Done(); return 0, nil })
	Busy  = mp.Register("busy", func(_ context.Context, path string) (int, error) {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return 0, err
		}
		fmt.Fprintln(f, os.Getpid())
		for {
		}
	})
	// Parent starts busy children and is then killed.
	Parent = mp.Register("parent", func(ctx context.Context, path string) (int, error) {
		for range 2 {
			if _, err := mp.Start(ctx, Busy, path, nil); err != nil {
				return 0, err
			}
		}
		select {}
	})
)

func main() { mp.Main(run) }

func run() error {
	figures := map[string]func() error{"pool": coldPool, "memory": memory, "orphans": orphans, "hundred": hundred}
	figure, found := figures[os.Args[1]]
	if !found {
		return fmt.Errorf("there is no figure %q", os.Args[1])
	}
	return figure()
}

// times runs f n times and prints the median and the worst of its figures.
func times(n int, unit string, f func() (time.Duration, error)) error {
	var all []time.Duration
	for range n {
		d, err := f()
		if err != nil {
			return err
		}
		all = append(all, d)
	}
	slices.Sort(all)
	fmt.Println(all[n/2].Seconds()*1000, unit)
	fmt.Println(all[n-1].Seconds()*1000, unit+"-max")
	return nil
}

func coldPool() error {
	return times(51, "ms/first-result", func() (time.Duration, error) {
		start := time.Now()
		p, err := mp.NewPool(context.Background(), &mp.PoolOptions{Workers: 2})
		if err != nil {
			return 0, err
		}
		defer p.Close()
		_, err = mp.Apply(context.Background(), p, Empty, 0)
		return time.Since(start), err
	})
}

func memory() error {
	p, err := mp.NewPool(context.Background(), &mp.PoolOptions{Workers: 4})
	if err != nil {
		return err
	}
	defer p.Close()
	var all []int
	for _, w := range p.Stats().Workers {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", w.Pid))
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(b)) {
			var kb int
			if n, _ := fmt.Sscanf(line, "Pss: %d kB", &kb); n == 1 {
				all = append(all, kb)
			}
		}
	}
	slices.Sort(all)
	fmt.Println(float64(all[len(all)/2])/1024, "MiB-PSS/idle-worker")
	return nil
}

func orphans() error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	round := 0
	return times(21, "ms/all-gone", func() (time.Duration, error) {
		round++
		path := filepath.Join(dir, fmt.Sprint(round))
		p, err := mp.Start(context.Background(), Parent, path, nil)
		if err != nil {
			return 0, err
		}
		var pids []int
		for len(pids) < 2 {
			pids = pids[:0]
			b, _ := os.ReadFile(path)
			for line := range strings.Lines(string(b)) {
				var pid int
				fmt.Sscan(line, &pid)
				pids = append(pids, pid)
			}
		}
		start := time.Now()
		syscall.Kill(p.Pid(), syscall.SIGKILL)
		for _, pid := range pids {
			for alive(pid) {
			}
		}
		d := time.Since(start)
		p.Join(context.Background())
		return d, nil
	})
}

func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := strings.Cut(string(stat), ") ")
	return err == nil && state[0] != 'Z' && state[0] != 'X'
}

// hundred starts 100 children, which live at the same time, and ends and joins them.
func hundred() error {
	count := func() int { e, _ := os.ReadDir("/proc/self/fd"); return len(e) }
	warm, err := mp.Start(context.Background(), Empty, 0, nil) // the poller's descriptors come with the first child
	if err != nil {
		return err
	}
	warm.Join(context.Background())
	before, start := count(), time.Now()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	procs, errs := make([]*mp.Process[int], 100), make([]error, 100)
	var wg sync.WaitGroup
	for i := range procs {
		wg.Go(func() { procs[i], errs[i] = mp.Start(ctx, Idle, 0, nil) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	most := count()
	cancel()
	for _, p := range procs {
		if err := p.Join(context.Background()); err != nil {
			return err
		}
	}
	fmt.Println(time.Since(start).Seconds()*1000, "ms/100-children")
	fmt.Println(most-before, "descriptors-more")
	fmt.Println(count()-before, "descriptors-left")
	return nil
}
