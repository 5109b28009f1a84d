package main

import (
	"errors"
	"io"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/examples/internal/program"
	"github.com/go-multiprocessing/multiprocessing/mp"
)

func TestMain(m *testing.M) { mp.TestMain(m) }

func TestOutput(t *testing.T) {
	killed := `Cause: signal, ExitCode: -9, Signal: 9$`
	if runtime.GOOS == "windows" { // no signals: a process that kills itself chooses its exit code, and os.Process.Kill chooses 1
		killed = `Cause: exit, ExitCode: 1, Signal: 0$`
	}
	blocks := strings.Split(strings.TrimSpace(program.Run(t)), "\n\n")
	want := [][]string{
		{
			`^a returned error\n`, `error  \*mp\.RemoteError\n`, `text   mp: crash\.die failed in Process-1 \(pid \d+\): .*no/such/file`,
			`Panic: false, Type: \*fs\.PathError, is fs\.ErrNotExist: true`,
		},
		{
			`^a panic\n`, `\*mp\.RemoteError\n`, `text .* panicked in Process-2 .*: runtime error: index out of range \[3\] with length 0\n`,
			`Panic: true`, `main\.outOfRange\(.*\n +.*ways\.go:\d+`,
		},
		{
			`^a panic in a goroutine\n`, `\*mp\.ExitError\n`, `text .*panic: assignment to entry in nil map`,
			`Cause: fatal, ExitCode: 2`, `main\.nilMap\(.*\n +.*ways\.go:\d+`,
		},
		{`^concurrent map writes`, `\*mp\.ExitError\n`, `text .*: fatal error: concurrent map writes\n`, `Cause: fatal, ExitCode: 2`, `main\.writeForEver\(.*\n +.*ways\.go:\d+`},
		{`^a stack overflow`, `\*mp\.ExitError\n`, `text .*: fatal error: stack overflow\n`, `Cause: fatal, ExitCode: 2`, `main\.deeper\(.*\n +.*ways\.go:\d+`},
		{`^os\.Exit\(7\)\n`, `\*mp\.ExitError\n`, `text .*exited with code 7 .*the licence has expired\n`, `Cause: exit, ExitCode: 7, Signal: 0$`},
		{`^kill -9\n`, `\*mp\.ExitError\n`, killed},
		{`^the parent is still here \(pid \d+\)$`},
	}
	if len(blocks) != len(want) {
		t.Fatalf("%d blocks, want %d:\n%s", len(blocks), len(want), strings.Join(blocks, "\n\n"))
	}
	for i, block := range blocks {
		for _, re := range want[i] {
			if !regexp.MustCompile(re).MatchString(block) {
				t.Errorf("this does not match %s:\n%s", re, block)
			}
		}
	}
}

// A pool survives the same deaths: it blames the item, and a replacement answers the next call.
func TestPoolSurvives(t *testing.T) {
	pool, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for way, w := range ways {
		if w.name == "kill -9" || w.name == "os.Exit(7)" {
			_, err := mp.Apply(t.Context(), pool, Die, way)
			if exit, ok := errors.AsType[*mp.ExitError](err); !ok || exit.Func != "crash.die" {
				t.Errorf("%s: %v", w.name, err)
			}
		}
	}
	if _, err := mp.Apply(t.Context(), pool, Die, 0); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("afterwards: %v", err)
	}
}

// The error holds what the process wrote to its standard error, even if that output goes to io.Discard.
func TestLastWords(t *testing.T) {
	for way, w := range ways {
		if w.name != "os.Exit(7)" {
			continue
		}
		p, err := mp.Start(t.Context(), Die, way, &mp.ProcessOptions{Stderr: io.Discard})
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Result(t.Context())
		if exit, ok := errors.AsType[*mp.ExitError](err); !ok || exit.Stderr != "leaving: the licence has expired\n" {
			t.Errorf("%#v", err)
		}
	}
}
