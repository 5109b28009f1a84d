//go:build cgo && native

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

func run() error {
	ctx := context.Background()
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 4, KillDelay: 50 * time.Millisecond, Stderr: io.Discard})
	if err != nil {
		return err
	}
	defer pool.Close()

	_, err = mp.Apply(ctx, pool, NullPointer, nothing{})
	report("a null pointer in C", err)

	began := time.Now()
	_, err = mp.Apply(ctx, pool, Endless, nothing{}, mp.Timeout(200*time.Millisecond))
	report("an endless loop in C", err)
	fmt.Printf("    after  %.2f s: 0.20 s of Timeout, and 0.05 s of KillDelay\n\n", time.Since(began).Seconds())

	const calls, to = 100, 20
	goroutines := make([]int, calls)
	var threads sync.WaitGroup
	for g := range 4 {
		threads.Go(func() {
			for i := g; i < calls; i += 4 {
				goroutines[i] = addUp(to)
			}
		})
	}
	threads.Wait()
	items := make([]int, calls)
	for i := range items {
		items[i] = to
	}
	processes, err := mp.Map(ctx, pool, AddUp, items)
	if err != nil {
		return err
	}
	fmt.Printf("a C library with a global, called %d times\n", calls)
	fmt.Printf("    by 4 goroutines  %3d answers are wrong\n", wrong(goroutines, to*(to+1)/2))
	fmt.Printf("    by 4 processes   %3d answers are wrong\n\n", wrong(processes, to*(to+1)/2))
	fmt.Printf("the parent is still here (pid %d)\n", os.Getpid())
	return nil
}

// report prints what the error says about a call whose process died.
func report(name string, err error) {
	exit, ok := errors.AsType[*mp.ExitError](err)
	if !ok {
		fmt.Printf("%s: %v\n\n", name, err) // does not happen
		return
	}
	fmt.Printf("%s\n    error  %T\n    text   %v\n", name, err, err)
	fmt.Printf("    more   Cause: %s, ExitCode: %d, Signal: %d, deadline: %t\n", exit.Cause, exit.ExitCode, exit.Signal, errors.Is(err, context.DeadlineExceeded))
	for line := range strings.Lines(exit.Stack) {
		if strings.HasPrefix(line, "main._Cfunc_") {
			fmt.Printf("    in     %s\n", strings.TrimSpace(line))
		}
	}
	fmt.Println()
}

func wrong(answers []int, want int) (n int) {
	for _, a := range answers {
		if a != want {
			n++
		}
	}
	return n
}
