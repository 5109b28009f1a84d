// Place takes the steps that MP_TEST_STEPS names, such as starting a process, wherever it is run, and prints a line for
// each. It exits with 1 when one of them failed.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// version tells one build of the program from another.
var version = "old"

var (
	Square = mp.Register("square", func(_ context.Context, n int) (string, error) {
		return fmt.Sprintf("%s:%d", version, n*n), nil
	})
	Forever = mp.Register("forever", func(context.Context, bool) (bool, error) {
		for {
		}
	})
)

var steps = map[string]func() (string, error){
	"start":  start,
	"map":    func() (string, error) { return mapped(2) },
	"many":   func() (string, error) { return mapped(200) },
	"change": change,
	"kill":   kill,
	"end":    end,
	"left":   left,
	"stay":   stay,
}

func main() {
	mp.Main(func() error {
		failed := false
		for _, name := range strings.Fields(os.Getenv("MP_TEST_STEPS")) {
			said, err := steps[name]()
			if err != nil {
				said, failed = "error: "+err.Error(), true
			}
			fmt.Printf("%s: %s\n", name, said)
		}
		if failed {
			return errors.New("a step has failed")
		}
		return nil
	})
}

func start() (string, error) {
	p, err := mp.Start(context.Background(), Square, 7, nil)
	if err != nil {
		return "", err
	}
	return p.Result(context.Background())
}

func mapped(workers int) (string, error) {
	pool, err := mp.NewPool(context.Background(), &mp.PoolOptions{Workers: workers})
	if err != nil {
		return "", err
	}
	got, err := mp.Map(context.Background(), pool, Square, []int{1, 2, 3})
	return strings.Join(got, " "), errors.Join(err, pool.Close())
}

// change runs the test's command, which changes the place under the running program.
func change() (string, error) {
	out, err := exec.Command("/bin/sh", "-c", os.Getenv("MP_TEST_CHANGE")).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// kill kills a busy process.
func kill() (string, error) {
	p, err := mp.Start(context.Background(), Forever, true, nil)
	if err != nil {
		return "", err
	}
	if err := errors.Join(p.Kill(), p.Join(context.Background())); err != nil {
		return "", err
	}
	code, _ := p.ExitCode()
	return fmt.Sprint(code), nil
}

// end ends the ctx of a process that is busy.
func end() (string, error) {
	ctx, cancel := context.WithCancel(context.Background())
	p, err := mp.Start(ctx, Forever, true, &mp.ProcessOptions{KillDelay: time.Millisecond})
	cancel()
	if err != nil {
		return "", err
	}
	_, err = p.Result(context.Background())
	return fmt.Sprintf("cancelled %v", errors.Is(err, context.Canceled)), nil
}

// left counts our children, zombies among them.
func left() (string, error) {
	n := 0
	paths, err := filepath.Glob("/proc/self/task/*/children")
	for _, path := range paths {
		pids, _ := os.ReadFile(path)
		n += len(strings.Fields(string(pids)))
	}
	return fmt.Sprint(n), err
}

// stay leaves a process running that never ends.
func stay() (string, error) {
	_, err := mp.Start(context.Background(), Forever, true, nil)
	return "", err
}
