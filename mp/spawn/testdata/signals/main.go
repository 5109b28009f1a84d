//go:build unix

// Signals meets signals, or waits for them, in the way that MP_TEST_HOW says.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var (
	how     = os.Getenv("MP_TEST_HOW")
	child   = os.Getenv("MP_TEST_CHILD") != ""
	arrived = make(chan os.Signal, 1)
)

// A child is interrupted as soon as code of the program runs in it.
func init() {
	if !child {
		return
	}
	switch how {
	case "init ignores":
		signal.Ignore(os.Interrupt)
	case "init listens":
		signal.Notify(arrived, os.Interrupt)
	}
	interruptMyself()
}

func interruptMyself() {
	for range 10 {
		syscall.Kill(os.Getpid(), syscall.SIGINT)
	}
}

var (
	Square = mp.Register("square", func(_ context.Context, n int) (int, error) { return n * n, nil })
	Wait   = mp.Register("wait", func(context.Context, int) (int, error) { select {} })
	Linger = mp.Register("linger", func(_ context.Context, d time.Duration) (int, error) { time.Sleep(d); return 0, nil })
	Listen = mp.Register("listen", func(context.Context, int) (string, error) {
		interruptMyself()
		return fmt.Sprint(<-arrived), nil
	})
	// Deafly runs in a worker. It interrupts its own process and one that it starts, and returns how the latter ended.
	Deafly = mp.Register("deafly", func(ctx context.Context, _ int) (string, error) {
		interruptMyself()
		p, err := mp.Start(ctx, Wait, 0, nil)
		if err != nil {
			return "", err
		}
		interruptMyself()
		return interrupted(ctx, p)
	})
	// Program runs a program that interrupts itself, and returns how the program ended.
	Program = mp.Register("program", func(context.Context, int) (string, error) {
		return fmt.Sprint(exec.Command("sh", "-c", "kill -INT $$; sleep 1").Run()), nil
	})
)

// interrupted interrupts a process and returns how it ended.
func interrupted(ctx context.Context, p *mp.Process[int]) (string, error) {
	p.Interrupt()
	err := p.Join(ctx)
	return p.String()[strings.LastIndex(p.String(), "exitcode"):], err
}

func main() {
	if child {
		interruptMyself()
	}
	os.Setenv("MP_TEST_CHILD", "1")
	if strings.HasPrefix(how, "context") {
		mp.MainContext(run)
	}
	mp.Main(func() error { return run(context.Background()) })
}

func run(ctx context.Context) error {
	switch how {
	case "init ignores":
		return tell(mp.Start(ctx, Linger, time.Hour, nil))
	case "init listens":
		p, err := mp.Start(ctx, Listen, 0, nil)
		if err != nil {
			return err
		}
		s, err := p.Result(ctx)
		fmt.Println(s)
		return err
	case "process":
		p, err := mp.Start(ctx, Wait, 0, nil)
		if err != nil {
			return err
		}
		s, err := interrupted(ctx, p)
		fmt.Println(s)
		return err
	case "worker":
		pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 1})
		if err != nil {
			return err
		}
		defer pool.Close()
		for range 2 {
			s, err := mp.Apply(ctx, pool, Deafly, 0)
			if err != nil {
				return err
			}
			fmt.Println(s)
		}
		return nil
	case "program":
		pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 1})
		if err != nil {
			return err
		}
		defer pool.Close()
		s, err := mp.Apply(ctx, pool, Program, 0)
		fmt.Println(s)
		return err
	case "running", "context running", "context second":
		if _, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2}); err != nil {
			return err
		}
		fmt.Println("running", os.Getpid())
		if how == "running" {
			select {}
		}
		<-ctx.Done()
		if how == "context second" {
			fmt.Println("stopping", os.Getpid())
			select {}
		}
		return context.Cause(ctx)
	case "join":
		if _, err := mp.Start(context.Background(), Wait, 0, nil); err != nil {
			return err
		}
		fmt.Println("joining", os.Getpid())
		return nil
	case "hook", "context hook":
		mp.AtExit(func() {
			fmt.Println("hook", os.Getpid())
			select {}
		})
		return nil
	case "life", "context life":
		return life(ctx)
	}
	return errors.New("what is " + how)
}

// tell interrupts a process that ignores SIGINT, prints whether it is alive, and kills it.
func tell(p *mp.Process[int], err error) error {
	if err != nil {
		return err
	}
	p.Interrupt()
	time.Sleep(50 * time.Millisecond) // no event tells that nothing happens
	fmt.Println(p.Alive())
	p.Kill()
	return p.Join(context.Background())
}

// life is everything that a program does, in a short time.
func life(ctx context.Context) error {
	mp.AtExit(func() { time.Sleep(10 * time.Millisecond) })
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2})
	if err != nil {
		return err
	}
	defer pool.Close()
	for range 5 {
		if _, err := mp.Map(ctx, pool, Square, make([]int, 1000)); err != nil {
			return err
		}
		if _, err := mp.Start(ctx, Linger, 10*time.Millisecond, nil); err != nil { // to be joined by Main
			return err
		}
	}
	return nil
}
