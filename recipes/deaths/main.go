// Deaths has a function die in every way, and prints what its caller is told.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// region ways
var ways = map[string]func() error{
	"error":     func() error { _, err := os.Stat("no/such/file"); return err },
	"panic":     func() error { fmt.Println(ints(nil)[3]); return nil },
	"elsewhere": func() error { go func() { panic("elsewhere") }(); select {} },
	"map":       func() error { m := map[int]int{}; go write(m); go write(m); select {} },
	"stack":     func() error { debug.SetMaxStack(16 << 20); fmt.Println(deeper(0)); return nil }, // sooner
	"exit":      func() error { fmt.Fprintln(os.Stderr, "the licence has expired"); os.Exit(7); return nil },
	"kill -9":   func() error { return kill(os.Getpid()) },
	"mapping":   truncated, // a mapped file, which is cut short before it is read
	"memory":    func() error { hoard(); return nil },
	"deadline":  func() error { select {} },
}

// endregion

var Risky = mp.Register("risky", func(_ context.Context, way string) (int, error) { return 0, ways[way]() })

type ints []int

//lint:ignore SA5007 that it never ends is the point
func deeper(n int) int { return deeper(n+1) + 1 }

func write(m map[int]int) {
	for i := 0; ; i++ {
		m[i%8] = i
	}
}

func kill(pid int) error {
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Kill()
	}
	return err
}

func hoard() {
	var all [][]byte
	for {
		block := make([]byte, 1<<20)
		for i := range block {
			block[i] = 1
		}
		all = append(all, block)
	}
}

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	for _, way := range []string{"error", "panic", "elsewhere", "map", "stack", "exit", "kill -9", "mapping", "memory", "deadline"} {
		err := die(ctx, way)
		cause := "RemoteError"
		if exit, ok := errors.AsType[*mp.ExitError](err); ok {
			cause = "ExitError, " + string(exit.Cause)
		}
		fmt.Printf("%s: %s\n    %v\n", way, cause, err)
	}
	return nil
}

func die(ctx context.Context, way string) error {
	opts := &mp.ProcessOptions{Name: "w", Stderr: io.Discard, KillDelay: -1}
	switch way {
	case "deadline":
		var cancel func()
		ctx, cancel = context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
	case "memory":
		opts.Limits.Memory = 256 << 20
	}
	p, err := mp.Start(ctx, Risky, way, opts)
	if err != nil {
		return err
	}
	_, err = p.Result(context.WithoutCancel(ctx))
	return err
}
