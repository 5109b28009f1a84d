package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
)

// Pools of two workers that have worked and are idle now. Each pool is in a partner program, so that the figures have
// nothing of the process that measures.
func idleRows() []measure.Row {
	cases := func(look func(m *measure.Meter, pid int) error) []measure.Case {
		idle := func(name, need string, command ...string) measure.Case {
			return measure.Case{Name: name, Needs: []string{need}, Measure: func(ctx context.Context, m *measure.Meter) error {
				p, err := measure.NewPartner(ctx, command[0], append(command[1:], "idle", "1")...)
				if err != nil {
					return err
				}
				err = look(m, p.Pid())
				return errors.Join(err, p.Close())
			}}
		}
		return append(withRival(idle(ours, "start", program("start"))),
			idle("Go: go-plugin", "go-plugin", program("go-plugin")),
			idle("Python: Pool, fork", "python", "python3", "peers/python.py"),
			idle("Node: workerpool, processes", "workerpool", "node", "peers/node.mjs"),
		)
	}
	return []measure.Row{
		{
			Name: "idle/memory", About: "memory (PSS) of an idle worker, in a small program",
			Unit: measure.Bytes, Goal: measure.AtMost(measure.Bytes, 4<<20), Cases: cases(memoryOfWorkers),
		},
		{
			Name: "idle/wakeups", About: "how often an idle parent and two idle workers are woken, in a small program; to be 0 or near",
			Unit: measure.Events, Goal: measure.AtMost(measure.Events, 0.5), Cases: cases(wakeUps),
		},
	}
}

func memoryOfWorkers(m *measure.Meter, pid int) error {
	below := measure.Below(pid)
	if len(below) == 0 {
		return errors.New("it has no workers")
	}
	sum := 0
	for _, p := range below {
		sum += measure.PSS(p.Pid)
	}
	m.Value(float64(sum) / float64(len(below)))
	m.Note(fmt.Sprintf("parent: %s", measure.Bytes.Format(float64(measure.PSS(pid)))))
	return nil
}

// wakeUps waits until the processes have become idle, and then counts their context switches over a window.
func wakeUps(m *measure.Meter, pid int) error {
	count := func() (parent, workers int) {
		for _, p := range measure.Below(pid) {
			workers += measure.Switches(p.Pid)
		}
		return measure.Switches(pid), workers
	}
	time.Sleep(m.Window(time.Second))
	window := m.Window(4 * time.Second)
	parent, workers := count()
	time.Sleep(window)
	parent2, workers2 := count()
	if parent2 < parent || workers2 < workers {
		return errors.New("something has ended meanwhile")
	}
	m.Value(float64(parent2-parent+workers2-workers) / window.Seconds())
	m.Note(fmt.Sprintf("parent %d, workers %d in %v", parent2-parent, workers2-workers, window))
	return nil
}
