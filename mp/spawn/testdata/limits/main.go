//go:build unix

// Limits starts children with limits of their own, or lets them reach a limit of the whole program, as its argument says.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

const mebibyte = 1 << 20

var (
	Eat = mp.Register("eat", func(_ context.Context, size int) (int, error) {
		var all [][]byte
		for sum := 0; sum < size; sum += mebibyte {
			b := make([]byte, mebibyte)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			all = append(all, b)
		}
		return len(all), nil
	})
	Wait = mp.Register("wait", func(ctx context.Context, _ int) (int, error) {
		<-ctx.Done()
		return 0, ctx.Err()
	})
)

func main() {
	mp.Main(func() error {
		switch os.Args[1] {
		case "shared":
			return shared()
		case "nice":
			return nice()
		case "orphan":
			return orphan()
		}
		return errors.New("what?")
	})
}

// shared lets the kernel kill one child for want of memory in the cgroup that all processes share. It kills two others itself.
func shared() error {
	ctx := context.Background()
	waiting, err := mp.Start(ctx, Wait, 0, nil)
	if err != nil {
		return err
	}
	another, err := mp.Start(ctx, Wait, 0, nil)
	if err != nil {
		return err
	}
	kill(waiting) // before the kernel has killed a child
	eating, err := mp.Start(ctx, Eat, 1<<30, nil)
	if err != nil {
		return err
	}
	tell("eating", eating)
	kill(another) // after the kernel has killed one
	return nil
}

func kill(p *mp.Process[int]) {
	syscall.Kill(p.Pid(), syscall.SIGKILL)
	tell("killed", p)
}

func tell(what string, p *mp.Process[int]) {
	_, err := p.Result(context.Background())
	var exit *mp.ExitError
	errors.As(err, &exit)
	fmt.Printf("%s: %s, memory %v: %v\n", what, exit.Cause, errors.Is(err, mp.ErrMemory), err)
}

// nice asks for a nice value that this process may not give, without and with BestEffort.
func nice() error {
	fmt.Println(os.Getpid())
	limits := mp.Limits{Nice: -5, GOMAXPROCS: 2, Memory: 64 * mebibyte}
	_, err := mp.Start(context.Background(), Eat, 0, &mp.ProcessOptions{Limits: limits})
	fmt.Printf("error: %v, EPERM or EACCES %v, left %d\n", err, errors.Is(err, os.ErrPermission), len(mp.ActiveChildren()))
	limits.BestEffort, limits.Memory = true, 0
	p, err := mp.Start(context.Background(), Eat, 0, &mp.ProcessOptions{Limits: limits})
	if err != nil {
		return err
	}
	fmt.Printf("applied: %+v\n", p.Limits())
	return nil
}

// orphan prints the cgroup of a child and kills its own process.
func orphan() error {
	limits := mp.Limits{Memory: 64 * mebibyte}
	p, err := mp.Start(context.Background(), Wait, 0, &mp.ProcessOptions{Limits: limits})
	if err != nil {
		return err
	}
	fmt.Println(p.Limits().MemoryBy, p.Pid())
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", p.Pid()))
	fmt.Println(strings.TrimSpace(string(text)))
	syscall.Kill(os.Getpid(), syscall.SIGKILL)
	return err
}
