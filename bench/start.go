package main

import (
	"context"
	"os"
	"time"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
	"github.com/go-multiprocessing/multiprocessing/mp"
)

// Starting processes, one after the other.
func startRows() []measure.Row {
	const n = 50
	empty := measure.Case{Name: "an empty Go program", Needs: []string{"empty"}, Measure: func(ctx context.Context, m *measure.Meter) error {
		return m.Each(n, func() error { return runProgram(program("empty")) })
	}}
	return []measure.Row{
		{
			Name: "start", About: "start and join a process with an empty function, in a small program",
			Unit: measure.Seconds, Anchor: empty.Name, Goal: measure.TimesAtMost(1.45),
			Cases: []measure.Case{
				inSmall(ours, "start", "processes", n),
				empty,
				inSmall("the small program, os/exec", "start", "programs", n),
				{Name: goroutines, Measure: startGoroutine},
				inC("an empty process, fork and exec", "exec", n, 0),
				inC("fork", "fork", n, 0),
				inPlugin("go-plugin", "start", 20, 0),
				inPython("Process, fork", "start-fork", n, 0),
				inPython("Process, spawn", "start-spawn", 10, 0),
				inNode("child_process.fork", "node", "start-process", 20, 0),
				inNode("worker_threads", "node", "start-thread", 20, 0),
			},
		},
		{
			Name: "start/heavy", About: "the same in a program of 60 MB whose initialisation takes 150 ms",
			Unit: measure.Seconds, Anchor: "the program itself, os/exec", Goal: measure.TimesAtMost(1.45),
			Cases: []measure.Case{
				inSmall(ours, "heavy", "processes", 3),
				inSmall("the program itself, os/exec", "heavy", "programs", 3),
			},
		},
		{
			Name: "start/pool", About: "from nothing to the first result of a pool of two workers",
			Unit: measure.Seconds, Anchor: goroutines,
			Cases: []measure.Case{
				{Name: ours, Measure: firstResult},
				{Name: goroutines, Measure: func(_ context.Context, m *measure.Meter) error {
					return m.Each(1000, func() error { crew(workers, []int{7}, func(n int) int { return 2 * n }); return nil })
				}},
				inPlugin("go-plugin", "first", 10, 0),
				inPython("Pool, fork", "first-pool", 10, 0),
				inPython("ProcessPoolExecutor", "first-executor", 10, 0),
				inPython("Pool, spawn", "first-spawn", 3, 0),
				inNode("piscina, threads", "piscina", "first-piscina", 10, 0),
				inNode("workerpool, processes", "workerpool", "first-workerpool", 10, 0),
			},
		},
	}
}

// runProgram starts a program with as little as package os needs for it. Package os/exec adds little; the cases that use it
// name it.
func runProgram(path string) error {
	p, err := os.StartProcess(path, []string{path}, &os.ProcAttr{Files: []*os.File{nil, nil, nil}})
	if err != nil {
		return err
	}
	_, err = p.Wait()
	return err
}

func startGoroutine(_ context.Context, m *measure.Meter) error {
	return m.Each(5000, func() error {
		done := make(chan struct{})
		go close(done)
		<-done
		return nil
	})
}

// firstResult measures from no pool to the first result. Closing the pool does not count.
func firstResult(ctx context.Context, m *measure.Meter) error {
	return m.Timed(20, func() (time.Duration, error) {
		began := time.Now()
		p, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: workers})
		if err != nil {
			return 0, err
		}
		defer p.Close()
		_, err = mp.Apply(ctx, p, twice, 7)
		return time.Since(began), err
	})
}
