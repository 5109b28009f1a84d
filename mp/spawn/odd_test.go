package spawn_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// A program's init functions run in its children too, with the program's own arguments. PY-BOOT-06, PY-BOOT-07
func TestInitsRunAgain(t *testing.T) {
	program := prog.Build(t, "./testdata/inits")
	args := append([]string{"-n", "42"}, make([]string, 5000)...)
	r := prog.Run(t, program, nil, args...)
	if r.Code != 0 || r.Stdout != "init prints\ninit prints\n" || r.Stderr != "the child's flag is 42\n" {
		t.Errorf("%+v", r)
	}
}

// When a child's init function fails because only one process can have what it takes, Start's error quotes the program's message.
func TestInitTakesALock(t *testing.T) {
	program := prog.Build(t, "./testdata/inits")
	r := prog.Run(t, program, nil, "-lock", filepath.Join(prog.TempDir(t), "lock"))
	if r.Code != 1 || !strings.Contains(r.Stderr, "exited with code 1 before it was ready") ||
		strings.Count(r.Stderr, "another process has the lock") != 2 { // the child's line, and the error that quotes it
		t.Errorf("%+v", r)
	}
}

// A parent that dies while its child boots leaves no orphan.
func TestParentDiesEarly(t *testing.T) {
	program := prog.Build(t, "./testdata/exits")
	for i := range 20 {
		cmd := exec.Command(program)
		cmd.Env = append(os.Environ(), "MP_TEST_HOW=family")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i) * bootTime / 20) // any moment will do
		cmd.Process.Kill()
		cmd.Wait()
	}
	awaitNone(t, program)
}

// awaitNone waits until no process of a program is left.
func awaitNone(t *testing.T, program string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		left := prog.Running(program)
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still running: %v", left)
		}
	}
}
