package process_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// The functions below are the Windows part of what the children of these tests do.

func signalOneself(string) error { return nil }

// pipes returns the handles of this process that are pipes: its streams and links.
func pipes() (handles []windows.Handle) {
	for h := windows.Handle(4); h < 1<<12; h += 4 {
		if kind, err := windows.GetFileType(h); err == nil && kind == windows.FILE_TYPE_PIPE {
			handles = append(handles, h)
		}
	}
	return handles
}

// writeEverywhere writes to every stream and link of this process. The low bit of the event keeps the completions of the writes
// away from the runtime's poller, which does not know these writes.
func writeEverywhere(text []byte) {
	event, err := windows.CreateEvent(nil, 1, 0, nil)
	if err != nil {
		panic(err)
	}
	for _, h := range pipes() {
		var n uint32
		o := &windows.Overlapped{HEvent: event | 1}
		if windows.WriteFile(h, text, &n, o) == windows.ERROR_IO_PENDING {
			windows.GetOverlappedResult(h, o, &n, true)
		}
	}
}

// closeEverything closes every link and stream of this process.
func closeEverything() {
	for _, h := range pipes() {
		windows.CloseHandle(h)
	}
}

var Handles = mp.Register("handles", func(context.Context, int) (int, error) {
	n := 0
	for _, kind := range sys.Handles() {
		if kind == "File" || kind == "Process" || kind == "Job" {
			n++
		}
	}
	return n, nil
})

// PY-PROC-23, PY-BOOT-11
func TestHandlesInTheChild(t *testing.T) {
	leak.Check(t)
	var counts []int
	var siblings []*mp.Process[int]
	for range 4 {
		p, err := mp.Start(t.Context(), Handles, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		n, err := p.Result(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		counts = append(counts, n)
		siblings = append(siblings, started(t, t.Context(), Deaf, 0, nil))
	}
	for _, p := range siblings {
		p.Kill()
		p.Join(t.Context())
	}
	if slices.Max(counts) != slices.Min(counts) {
		t.Errorf("handles in children beside 0, 1, 2 and 3 siblings: %v", counts)
	}
}

// Every handle that a start or a pool opens is closed again, whatever its type. leak.Check looks at some types only.
func TestHandlesDoNotGrow(t *testing.T) {
	leak.Check(t)
	cycle := func(n int) {
		for range n {
			f, err := mp.Start(t.Context(), Open, os.DevNull, nil)
			if err != nil {
				t.Fatal(err)
			}
			file, err := f.Result(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			file.Close()
			p, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 1})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := mp.Apply(t.Context(), p, Double, 1); err != nil {
				t.Fatal(err)
			}
			p.Close()
		}
	}
	count := func() map[string]int {
		kinds := make(map[string]int)
		for _, kind := range sys.Handles() {
			kinds[kind]++
		}
		return kinds
	}
	cycle(5)
	before := count()
	cycle(50)
	after := count()
	for kind, n := range after {
		if n > before[kind]+25 { // the runtime may have made threads, and events for them
			t.Errorf("handles of type %s: %d before, %d after 50 cycles", kind, before[kind], n)
		}
	}
}

// On Windows, where a process cannot be sent a SIGINT, Interrupt ends the ctx of the function.
func TestInterrupt(t *testing.T) {
	leak.Check(t)
	p := started(t, t.Context(), Wait, 0, &mp.ProcessOptions{Stderr: io.Discard})
	if err := p.Interrupt(); err != nil {
		t.Fatal(err)
	}
	_, err := p.Result(t.Context())
	var remote *mp.RemoteError
	if code, _ := p.ExitCode(); !errors.As(err, &remote) || !errors.Is(err, context.Canceled) || code != 1 {
		t.Errorf("%v, exit code %d", err, code)
	}
}

// If Terminate is called while a process ends, the exit code is either the process's own or that of Terminate, and Terminate
// returns no error.
//
// PY-PROC-36
func TestTerminateWhileItEnds(t *testing.T) {
	leak.Check(t)
	for i := range 20 {
		p, err := mp.Start(t.Context(), Misbehave, "exit 7", nil)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			for j := 0; p.Alive() || j < 10; j++ {
				if err := p.Terminate(); err != nil {
					t.Errorf("Terminate: %v", err)
				}
				if code, exited := p.ExitCode(); exited == p.Alive() && exited || !exited && code != 0 {
					t.Errorf("exit code %d while it is alive", code)
				}
				if i%2 == 0 {
					return // once
				}
			}
		})
		p.Join(t.Context())
		wg.Wait()
		if code, _ := p.ExitCode(); code != 7 && code != -int(syscall.SIGTERM) {
			t.Errorf("exit code %d", code)
		}
	}
}

// An exit code of 32 bits arrives unchanged.
func TestExitCodes(t *testing.T) {
	for _, code := range []int{255, 256, 1 << 30, 0xC000013A} {
		leak.Check(t)
		p, err := mp.Start(t.Context(), Exit, code, nil)
		if err != nil {
			t.Fatal(err)
		}
		p.Join(t.Context())
		if got, _ := p.ExitCode(); got != code {
			t.Errorf("exit code %d became %d", code, got)
		}
	}
}

var Exit = mp.Register("exit", func(_ context.Context, code int) (int, error) {
	os.Exit(code)
	return 0, fmt.Errorf("still here")
})
