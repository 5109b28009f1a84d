package spawn_test

import (
	"errors"
	"os"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// A child ends here, in an init function.
func init() {
	if os.Getenv("MP_TEST_LEAVE") != "" {
		os.Exit(3)
	}
}

// A child may end before Start has used its pid, which another process may have by then: no process is moved into the cgroup or
// gets files, and Start says how the child has ended.
func TestEndBeforeThePidIsUsed(t *testing.T) {
	needWatching(t)
	leak.Check(t)
	spawn.Late(t)
	t.Chdir(prog.TempDir(t))
	if err := os.WriteFile("cgroup.procs", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := mp.Start(t.Context(), Nothing, 0, &mp.ProcessOptions{
		Env: append(os.Environ(), "MP_TEST_LEAVE=1"), Limits: mp.Limits{Memory: 64 * mebibyte},
	})
	var exit *mp.ExitError
	if !errors.As(err, &exit) || exit.ExitCode != 3 || !exit.Bootstrapping {
		t.Errorf("%T: %v", err, err)
	}
	if pid, err := os.ReadFile("cgroup.procs"); len(pid) != 0 || err != nil {
		t.Errorf("moved into the cgroup: %s, %v", pid, err)
	}
}
