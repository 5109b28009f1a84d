// Bench measures what processes cost, each figure beside its anchor in the same run, and prints one line a figure. It is
// a program rather than a Go benchmark because its children are itself: a test binary starts more slowly.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
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

var (
	empty  = flag.String("empty", "", "path of the empty Go program")
	rounds = flag.Int("rounds", 7, "rounds of each figure")
	times  = flag.Int("times", 100, "times in a round")
)

func main() { mp.Main(run) }

func run() error {
	flag.Parse()
	for _, figure := range []func() error{startJoin, coldPool, memory, orphans, hundred} {
		if err := figure(); err != nil {
			return err
		}
	}
	return nil
}

// median runs f in rounds and returns the median and the extremes of its figures.
func median(rounds int, f func() (time.Duration, error)) (mid, low, high time.Duration, err error) {
	var all []time.Duration
	for range rounds {
		d, err := f()
		if err != nil {
			return 0, 0, 0, err
		}
		all = append(all, d)
	}
	slices.Sort(all)
	return all[len(all)/2], all[0], all[len(all)-1], nil
}

// startJoin interleaves both sides, so that whatever else the machine does meets both.
func startJoin() error {
	var ratios []float64
	var ours, anchor []time.Duration
	for range *rounds {
		var us, them []time.Duration
		for range *times {
			start := time.Now()
			if err := exec.Command(*empty).Run(); err != nil {
				return err
			}
			them = append(them, time.Since(start))
			start = time.Now()
			p, err := mp.Start(context.Background(), Empty, 0, nil)
			if err != nil {
				return err
			}
			if err := p.Join(context.Background()); err != nil {
				return err
			}
			us = append(us, time.Since(start))
		}
		slices.Sort(us)
		slices.Sort(them)
		u, t := us[len(us)/2], them[len(them)/2]
		ours, anchor = append(ours, u), append(anchor, t)
		ratios = append(ratios, float64(u)/float64(t))
	}
	slices.Sort(ours)
	slices.Sort(anchor)
	slices.Sort(ratios)
	n := len(ratios) / 2
	fmt.Printf("start -> join            %v; empty Go program start+wait %v; ratio %.2f [%.2f-%.2f]\n",
		ours[n], anchor[n], ratios[n], ratios[0], ratios[len(ratios)-1])
	return nil
}

func coldPool() error {
	mid, low, high, err := median(*rounds**times/10, func() (time.Duration, error) {
		start := time.Now()
		p, err := mp.NewPool(context.Background(), &mp.PoolOptions{Workers: 2})
		if err != nil {
			return 0, err
		}
		defer p.Close()
		_, err = mp.Apply(context.Background(), p, Empty, 0)
		return time.Since(start), err
	})
	fmt.Printf("first result, cold pool  %v [%v-%v]\n", mid, low, high)
	return err
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
	fmt.Printf("PSS of an idle worker    %.2f MiB\n", float64(all[len(all)/2])/1024)
	return nil
}

func orphans() error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	round := 0
	mid, low, high, err := median(*rounds*3, func() (time.Duration, error) {
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
	fmt.Printf("parent killed -> 2 CPU-bound descendants gone  %v [%v-%v]\n", mid, low, high)
	return err
}

func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := strings.Cut(string(stat), ") ")
	return err == nil && state[0] != 'Z' && state[0] != 'X'
}

func hundred() error {
	count := func() int { e, _ := os.ReadDir("/proc/self/fd"); return len(e) }
	before := count()
	start := time.Now()
	var wg sync.WaitGroup
	var most int
	procs := make([]*mp.Process[int], 100)
	for i := range procs {
		wg.Go(func() {
			var err error
			if procs[i], err = mp.Start(context.Background(), Empty, 0, nil); err != nil {
				fmt.Println(err)
			}
		})
	}
	wg.Wait()
	most = count()
	for _, p := range procs {
		if err := p.Join(context.Background()); err != nil {
			return err
		}
	}
	fmt.Printf("100 children at once     %v; descriptors %d before, %d during, %d after\n", time.Since(start), before, most, count())
	return nil
}
