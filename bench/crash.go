package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
	"github.com/go-multiprocessing/multiprocessing/mp"
)

// A worker is killed in the middle of a call.
func crashRows() []measure.Row {
	return []measure.Row{{
		Name: "crash", About: "from kill -9 of a worker to the error of the call that it ran",
		Unit: measure.Seconds, Goal: measure.AtMost(measure.Seconds, 2e-3),
		Cases: append(inPool(kill),
			inPlugin("go-plugin", "crash-plugin", 10, 0),
			inPython("ProcessPoolExecutor", "crash-executor", 10, 0),
			inNode("workerpool, processes", "workerpool", "crash-workerpool", 10, 0),
		),
	}}
}

// kill has other calls in the pool when it kills the worker of one. None of the others may be lost.
func kill(ctx context.Context, m *measure.Meter, p *mp.Pool) error {
	const innocent = 100
	lost := 0
	err := m.Timed(30, func() (time.Duration, error) {
		r, w, err := os.Pipe()
		if err != nil {
			return 0, err
		}
		defer closeAll(r, w)
		victim := mp.Submit(ctx, p, stuck, w)
		var pid int32
		if err := binary.Read(r, binary.NativeEndian, &pid); err != nil { // now the call runs
			return 0, err
		}
		var others []*mp.Future[int]
		for i := range innocent {
			others = append(others, mp.Submit(ctx, p, twice, i))
		}
		began := time.Now()
		if err := syscall.Kill(int(pid), syscall.SIGKILL); err != nil {
			return 0, err
		}
		_, err = victim.Wait(ctx)
		took := time.Since(began)
		if exit, ok := errors.AsType[*mp.ExitError](err); !ok || exit.Pid != int(pid) || exit.Signal != syscall.SIGKILL {
			return 0, fmt.Errorf("not the error of the death: %w", err)
		}
		for i, f := range others {
			if r, err := f.Wait(ctx); err != nil || r != 2*i {
				lost++
			}
		}
		return took, nil
	})
	m.Note(fmt.Sprintf("innocents lost: %d", lost))
	if lost > 0 {
		return fmt.Errorf("%d innocent calls were lost", lost)
	}
	return err
}
