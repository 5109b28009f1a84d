// Hooks ends in the way that MP_TEST_HOW says, with exit hooks that misbehave.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Stuck returns, but one of its exit hooks does not.
var Stuck = mp.Register("stuck", func(context.Context, int) (int, error) {
	mp.AtExit(func() { fmt.Println("another hook of the child") })
	mp.AtExit(func() { select {} })
	return 42, nil
})

// Loud returns, but its exit hook writes to standard error for ever.
var Loud = mp.Register("loud", func(context.Context, int) (int, error) {
	mp.AtExit(flood)
	return 42, nil
})

func flood() {
	for {
		os.Stderr.Write(make([]byte, 64<<10))
	}
}

// stalled is a writer that blocks for ever.
type stalled struct{}

func (stalled) Write([]byte) (int, error) { select {} }

var Sleep = mp.Register("sleep", func(context.Context, int) (int, error) { select {} })

// Leave calls Exit in a registered function, unless code is negative.
var Leave = mp.Register("leave", func(_ context.Context, code int) (int, error) {
	mp.AtExit(func() { fmt.Println("hook of the child") })
	if code >= 0 {
		mp.Exit(code)
	}
	return code, nil
})

func main() { mp.Main(run) }

func say(what string) func() { return func() { fmt.Println(what) } }

func run() error {
	ctx := context.Background()
	mp.AtExit(say("the first"))
	switch os.Getenv("MP_TEST_HOW") {
	case "order":
		mp.AtExit(say("the second"))
		mp.AtExit(func() { mp.AtExit(say("one of a hook")) })
		mp.AtExit(func() { panic("a bad hook") })
		mp.AtExit(runtime.Goexit)
		mp.AtExit(say("the last"))
	case "exit":
		mp.AtExit(func() { mp.Exit(5) })
		mp.AtExit(func() {
			defer fmt.Println("deferred")
			mp.Exit(4)
		})
		return errors.New("an error")
	case "exit elsewhere":
		mp.AtExit(func() { go mp.Exit(4); runtime.Gosched() })
	case "os.Exit":
		mp.AtExit(func() { os.Exit(6) })
		mp.AtExit(say("the last"))
	case "start":
		mp.AtExit(func() {
			_, first := mp.Start(ctx, Stuck, 0, nil)
			_, second := mp.NewPool(ctx, &mp.PoolOptions{Workers: 1})
			fmt.Println(errors.Is(first, spawn.ErrExiting), errors.Is(second, spawn.ErrExiting))
		})
	case "stuck":
		mp.AtExit(func() { select {} })
		mp.Exit(7)
	case "stuck child":
		p, err := mp.Start(ctx, Stuck, 0, nil)
		if err != nil {
			return err
		}
		fmt.Println(p.Result(ctx))
	case "stuck on stderr":
		mp.AtExit(flood)
		mp.Exit(7)
	case "stuck on the parent":
		p, err := mp.Start(ctx, Loud, 0, &mp.ProcessOptions{Stderr: stalled{}})
		if err != nil {
			return err
		}
		fmt.Println(p.Result(ctx))
	case "panic on full stderr":
		_, w, err := os.Pipe()
		if err != nil {
			return err
		}
		os.Stderr = w
		if w.SetWriteDeadline(time.Now().Add(10*time.Millisecond)) == nil { // it cannot be filled so on Windows
			w.Write(make([]byte, 1<<20))
			w.SetWriteDeadline(time.Time{})
		}
		mp.AtExit(func() { panic("a bad hook") })
	case "many":
		for range 8 {
			go mp.Exit(3)
		}
		select {}
	case "panic":
		if _, err := mp.Start(ctx, Sleep, 0, nil); err != nil {
			return err
		}
		if _, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2}); err != nil {
			return err
		}
		panic("boom")
	case "function":
		for _, code := range []int{0, 3} {
			p, err := mp.Start(ctx, Leave, code, &mp.ProcessOptions{Name: "leaver"})
			if err != nil {
				return err
			}
			_, err = p.Result(ctx)
			fmt.Println(exit(err))
		}
	case "worker":
		pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 1, KillDelay: time.Minute})
		if err != nil {
			return err
		}
		defer pool.Close()
		all, err := mp.Map(ctx, pool, Leave, []int{-1, 3, -1, 0, -1}, mp.KeepGoing())
		fmt.Println(all, exit(err))
	}
	return nil
}

// exit describes each ExitError in err.
func exit(err error) (text string) {
	var e *mp.ExitError
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			text += exit(err)
		}
	} else if errors.As(err, &e) {
		text = fmt.Sprintf("%s %d by %s of item %d. ", e.Cause, e.ExitCode, e.Func, e.Index)
	}
	return text
}
