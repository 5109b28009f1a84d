// Guard starts processes, or tries to, where MP_TEST_WHERE says.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

var (
	where = os.Getenv("MP_TEST_WHERE")
	_     = counted()
)

func counted() bool {
	prog.CountStart()
	return true
}

// Swallow takes an argument that is larger than the buffer of any socket.
var Swallow = mp.Register("swallow", func(_ context.Context, b []byte) (string, error) { return fmt.Sprint(len(b)), nil })

var Hello = mp.Register("hello", func(context.Context, int) (string, error) { return "hello from the child", nil })

var _ = at("package variable")

func init() {
	at("init")
	if mp.ParentProcess() == nil && os.Getenv("MP_TEST_CHILD") != "" {
		at("init of a child")
	}
}

func main() {
	closeStreams()
	switch where {
	case "main", "pool":
		at("main")
		at("pool")
	case "goroutine":
		go mp.Main(run)
		select {}
	case "conditional", "conditional, large":
		if os.Getenv("MP_TEST_CHILD") != "" {
			return // a child whose main does not reach mp.Main
		}
		mp.Main(run)
	default:
		mp.Main(run)
	}
}

// closeStreams closes the standard streams that MP_TEST_CLOSED names, in the first process only.
func closeStreams() {
	closed := os.Getenv("MP_TEST_CLOSED")
	os.Unsetenv("MP_TEST_CLOSED")
	for name, f := range map[string]*os.File{"stdin": os.Stdin, "stdout": os.Stdout, "stderr": os.Stderr} {
		if strings.Contains(closed, name) {
			f.Close()
		}
	}
}

func run() error {
	os.Setenv("MP_TEST_CHILD", "1")
	if where == "deleted" || where == "replaced" {
		path, err := os.Executable()
		if err == nil {
			err = os.Remove(path)
		}
		if err == nil && where == "replaced" {
			err = os.WriteFile(path, []byte("#!/bin/sh\necho another program\n"), 0o700)
		}
		if err != nil {
			return err
		}
	}
	if where == "moved" {
		path, err := os.Executable()
		if err == nil {
			err = os.Rename(path, path+".old.exe")
		}
		if err != nil {
			return err
		}
	}
	if where == "no descriptors" {
		return exhausted()
	}
	if where == "register" {
		mp.Register("late", func(context.Context, int) (int, error) { return 0, nil })
	}
	switch where {
	case "main twice":
		mp.Main(run)
	case "main twice, elsewhere":
		go mp.Main(run)
		select {}
	}
	start()
	return nil
}

// at starts a process if MP_TEST_WHERE is this place.
func at(place string) bool {
	if where == place {
		start()
	}
	return true
}

func start() {
	var err error
	var p *mp.Process[string]
	switch where {
	case "pool":
		_, err = mp.NewPool(context.Background(), nil)
	case "conditional, large":
		p, err = mp.Start(context.Background(), Swallow, make([]byte, 32<<20), nil)
	default:
		p, err = mp.Start(context.Background(), Hello, 0, nil)
	}
	if p != nil && err == nil {
		var s string
		s, err = p.Result(context.Background())
		fmt.Println(s)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "guarded: %v\n%v\n", errors.Is(err, mp.ErrBootstrapping), err)
		os.Exit(1)
	}
}

// exhausted uses all descriptors up, tries to start a process, and tries again when it has some.
func exhausted() error {
	start() // the runtime's poller needs descriptors of its own, once
	var open []*os.File
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		open = append(open, f)
	}
	for _, f := range open { // one after the other, so that each step of Start fails once for lack of one
		if p, err := mp.Start(context.Background(), Hello, 0, nil); err == nil {
			p.Result(context.Background())
			break
		} else {
			fmt.Fprintln(os.Stderr, err)
		}
		f.Close()
	}
	start()
	return nil
}
