package spawn_test

import (
	"context"
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// guard is the text of the guard's error. The test has a copy of its own, so that no change of the text goes unnoticed.
const guard = `An attempt has been made to start a new process before the
current process has finished its bootstrapping phase.

This probably means that you have forgotten to use the proper idiom
in the main package:

    func main() {
        mp.Main(run)
    }

or, in a package's tests:

    func TestMain(m *testing.M) { mp.TestMain(m) }`

// Start and NewPool before Main fail with the text of the guard, wherever the program calls them. There is no fork bomb: the test
// counts the processes.
//
// PY-BOOT-01, PY-BOOT-03, PY-POOL-30
func TestGuard(t *testing.T) {
	program := prog.Build(t, "./testdata/guard")
	for where, starts := range map[string]int{
		"package variable": 1,
		"init":             1,
		"main":             1,
		"pool":             1,
		"init of a child":  2, // the parent is allowed to start, its child is not
	} {
		t.Run(where, func(t *testing.T) {
			r := prog.Run(t, program, []string{"MP_TEST_WHERE=" + where})
			if r.Code != 1 || r.Stdout != "" {
				t.Errorf("exit code %d, output %q", r.Code, r.Stdout)
			}
			if !strings.Contains(r.Stderr, guard) || !strings.Contains(r.Stderr, "guarded: true") {
				t.Errorf("standard error:\n%s", r.Stderr)
			}
			if !strings.Contains(r.Stderr, "testdata/guard/main.go:") {
				t.Errorf("the place of the attempt is not named:\n%s", r.Stderr)
			}
			if r.Starts != starts {
				t.Errorf("%d processes were started, want %d", r.Starts, starts)
			}
		})
	}
}

// The program of TestGuard works when it starts its process in the right place.
func TestNoGuard(t *testing.T) {
	r := prog.Run(t, prog.Build(t, "./testdata/guard"), nil)
	if r.Code != 0 || r.Stdout != "hello from the child\n" || r.Stderr != "" || r.Starts != 2 {
		t.Errorf("%+v", r)
	}
}

func TestGuardWithoutTestMain(t *testing.T) {
	r := prog.Run(t, prog.Build(t, "./testdata/notestmain", "-test"), nil, "-test.v")
	if r.Code != 0 || r.Starts != 1 || !strings.Contains(r.Stdout, "PASS: Example") {
		t.Errorf("%+v", r)
	}
	if !strings.Contains(strings.ReplaceAll(r.Stdout, "\n        ", "\n"), guard) {
		t.Errorf("the guard's words are not in:\n%s", r.Stdout)
	}
}

// When the main of a child returns without mp.Main, Start's error says so, even if the child ends while a large argument is still
// being sent. PY-BOOT-12
func TestMainNotReached(t *testing.T) {
	for _, where := range []string{"conditional", "conditional, large"} {
		r := prog.Run(t, prog.Build(t, "./testdata/guard"), []string{"MP_TEST_WHERE=" + where})
		if r.Code != 1 || r.Starts != 2 || !strings.Contains(r.Stderr, "does its main call mp.Main on every path?") {
			t.Errorf("%s: %+v", where, r)
		}
	}
}

func TestRegisterAfterMain(t *testing.T) {
	r := prog.Run(t, prog.Build(t, "./testdata/guard"), []string{"MP_TEST_WHERE=register"})
	if r.Code != 2 || strings.Count(r.Stderr, "testdata/guard/main.go:") < 2 || !strings.Contains(r.Stderr, `Register("late")`) {
		t.Errorf("%+v", r)
	}
}

func TestMainTwice(t *testing.T) {
	for _, where := range []string{"main twice", "main twice, elsewhere"} {
		r := prog.Run(t, prog.Build(t, "./testdata/guard"), []string{"MP_TEST_WHERE=" + where})
		if r.Code != 2 || r.Starts != 1 || !strings.Contains(r.Stderr, "panic: mp: Main is called again at ") ||
			strings.Count(strings.SplitN(r.Stderr, "\n", 2)[0], "testdata/guard/main.go:") != 2 {
			t.Errorf("%s: %+v", where, r)
		}
	}
}

// Main panics in any goroutine but main's: in a child, main would go on beside the registered function.
func TestMainInAGoroutine(t *testing.T) {
	r := prog.Run(t, prog.Build(t, "./testdata/guard"), []string{"MP_TEST_WHERE=goroutine"})
	place := regexp.MustCompile(`(?m)^panic: mp: Main is called at .*testdata/guard/main\.go:\d+, but not by the goroutine that runs main: `)
	if r.Code != 2 || r.Starts != 1 || !place.MatchString(r.Stderr) {
		t.Errorf("%+v", r)
	}
}

// Again calls Main in a child, whose own call of Main is waiting for this function to end.
var Again = helper[int, int]{mp.Register("again", func(context.Context, int) (int, error) {
	mp.Main(func() error { return nil })
	return 0, nil
})}

func TestMainInAFunction(t *testing.T) {
	leak.Check(t)
	_, err := Again.run(t, 0, &mp.ProcessOptions{Stderr: io.Discard})
	var remote *mp.RemoteError
	if !errors.As(err, &remote) || !strings.Contains(err.Error(), "panicked") || !strings.Contains(err.Error(), "mp: Main is called again at ") {
		t.Errorf("%v", err)
	}
}

// When MP_SPAWN was not set by a parent of this program, the program ends with an error that names MP_SPAWN. It does not hang, and
// it serves no stranger.
func TestForgedMarker(t *testing.T) {
	program := prog.Build(t, "./testdata/guard")
	for _, value := range []string{"", "1", "3,4,5", "0,1,2", "1,2,3", "99999,4,5", "-1,2,3", strings.Repeat("9", 1<<16), "a\nb"} {
		r := prog.Run(t, program, []string{"MP_SPAWN=" + value})
		if r.Code != 1 || r.Stdout != "" || !strings.Contains(r.Stderr, "MP_SPAWN is set, but no parent process of this program set it") {
			t.Errorf("MP_SPAWN=%.20q: %+v", value, r)
		}
	}
}

// A child removes MP_SPAWN from its environment before other code of the program can pass it on.
func TestMarkerIsConsumed(t *testing.T) {
	if v, found := os.LookupEnv("MP_SPAWN"); found {
		t.Errorf("MP_SPAWN is still %q", v)
	}
	env, err := Env.runHere(t)
	if err != nil {
		t.Fatal(err)
	}
	for _, kv := range env {
		if strings.HasPrefix(kv, "MP_SPAWN") {
			t.Errorf("the child still has %s", kv)
		}
	}
}
