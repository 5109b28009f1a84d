package spawn_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

func exits(t *testing.T, how string) prog.Result {
	t.Helper()
	return prog.Run(t, prog.Build(t, "./testdata/exits"), []string{"MP_TEST_HOW=" + how})
}

// PY-EXIT-04, PY-EXIT-08
func TestExitCodes(t *testing.T) {
	for how, want := range map[string]prog.Result{
		"":      {Code: 0},
		"error": {Code: 1, Stderr: "exits.exe: it went wrong\n"},
		"panic": {Code: 2, Stderr: "panic: boom"},
		"exit":  {Code: 7, Stdout: "hook 2\nhook 1\n", Stderr: "mp: an exit hook panicked: a bad hook"},
	} {
		r := exits(t, how)
		want.Stderr = strings.TrimPrefix(want.Stderr, "exits.exe")
		if r.Code != want.Code || r.Stdout != want.Stdout || !strings.Contains(r.Stderr, want.Stderr) {
			t.Errorf("%q: %+v", how, r)
		}
	}
}

// A log function that calls Exit on a record about a spare ends the program, although the goroutine that keeps the spare waits
// for that function.
func TestExitInTheLogOfASpare(t *testing.T) {
	if testing.Short() {
		t.Skip("takes five seconds")
	}
	if r := exits(t, "log"); r.Code != 4 || r.Stderr != "" {
		t.Errorf("%+v", r)
	}
}

// Daemons are killed when run returns, others are joined, and hooks come after that. PY-EXIT-11
func TestDaemonsAreKilled(t *testing.T) {
	start := time.Now()
	if r := exits(t, "daemon"); r.Code != 0 || strings.Contains(r.Stdout, "lived") {
		t.Errorf("%+v", r)
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestOthersAreJoined(t *testing.T) {
	r := exits(t, "join")
	if r.Code != 0 || !strings.HasSuffix(r.Stdout, "lived\nhook after the join\n") {
		t.Errorf("%+v", r)
	}
}

// os.Exit skips the join; the child dies with its parent all the same.
func TestOsExit(t *testing.T) {
	if r := exits(t, "osexit"); r.Code != 3 {
		t.Errorf("%+v", r)
	}
}

// A pool that was not closed ends with the program. PY-POOL-21
func TestUnclosedPool(t *testing.T) {
	if r := exits(t, "pool"); r.Code != 0 || r.Starts != 3 || r.Stderr != "" {
		t.Errorf("%+v", r)
	}
	rounds := 10
	if prog.Wine() {
		rounds = 3 // a start takes thirty times as long there
	}
	for range rounds { // its workers must not be replaced while they are being killed
		for _, how := range []string{"used pool", "nested pool"} {
			if r := exits(t, how); r.Code != 0 || r.Stderr != "" {
				t.Errorf("%s: %+v", how, r)
			}
		}
	}
}

// running starts the program and returns the pids that it and its children print, once there are n.
func running(t *testing.T, how string, n int) (*exec.Cmd, []int) {
	t.Helper()
	cmd := exec.Command(prog.Build(t, "./testdata/exits"))
	cmd.Env = append(os.Environ(), "MP_TEST_HOW="+how)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	lines := bufio.NewScanner(out)
	var pids []int
	for len(pids) < n && lines.Scan() {
		var word string
		var pid int
		if _, err := fmt.Sscan(lines.Text(), &word, &pid); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		pids = append(pids, pid)
	}
	if len(pids) < n {
		t.Fatalf("the program has printed %d of %d pids", len(pids), n)
	}
	go io.Copy(io.Discard, out)
	return cmd, pids
}

// When a signal kills the parent, every descendant ends, even a busy one: children, grandchildren, great-grandchildren, and the
// workers of a pool.
//
// PY-ORPH-01 … 04
func TestOrphans(t *testing.T) {
	for _, how := range []string{"family", "busy", "workers"} {
		for _, sig := range deaths {
			cmd, pids := running(t, how, 3)
			start := time.Now()
			cmd.Process.Signal(sig)
			awaitGone(t, pids)
			t.Logf("%s, %v: every descendant is gone %v after the signal", how, sig, time.Since(start).Round(10*time.Microsecond))
			cmd.Wait()
		}
	}
}

// awaitGone waits until none of the processes exists any more.
func awaitGone(t *testing.T, pids []int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(200 * time.Microsecond) {
		var left []int
		for _, pid := range pids {
			if prog.Alive(pid) {
				left = append(left, pid)
			}
		}
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still there: %v", left)
		}
	}
}
