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

// A child with MP_TEST_LEAVE ends here, before it is ready.
func init() {
	if os.Getenv("MP_TEST_LEAVE") != "" {
		os.Exit(3)
	}
}

// When a child ends before Start uses its pid, Start moves no process into the cgroup and gives none files, because another process
// may have the pid by then. Start's error says how the child ended.
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
