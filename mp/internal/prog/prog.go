// Package prog builds and runs the small programs that tests look at from outside: what a program's init does, how it
// exits, what is left of it. Only tests import it.
package prog

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// limit is how long a program may run: a program that hangs fails its test.
const limit = 60 * time.Second

var (
	mu    sync.Mutex
	built = make(map[string]string)
	dir   string
)

// Build builds the package in a directory (with "-test" in flags: its test binary) once for each test binary and
// returns the path. Tests removes it.
func Build(t testing.TB, pkg string, flags ...string) string {
	t.Helper()
	mu.Lock()
	defer mu.Unlock()
	key := strings.Join(append(flags, pkg), " ")
	if path, found := built[key]; found {
		return path
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the go tool is not here to build a program with")
	}
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "mp-prog"); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, strings.NewReplacer("/", "_", ".", "_", " ", "_").Replace(key)+".exe")
	args := []string{"build", "-o", path}
	if len(flags) > 0 && flags[0] == "-test" {
		args, flags = []string{"test", "-c", "-o", path}, flags[1:]
	}
	out, err := exec.Command("go", append(append(args, flags...), pkg)...).CombinedOutput()
	if err != nil {
		t.Fatalf("building %s: %v\n%s", pkg, err, out)
	}
	built[key] = path
	return path
}

// Tests are the tests of a package that builds programs; they remove them in the end. For mp.TestMain.
type Tests struct{ M *testing.M }

// Run runs the tests.
func (t Tests) Run() int {
	defer cleanup()
	return t.M.Run()
}

func cleanup() {
	mu.Lock()
	defer mu.Unlock()
	if dir != "" {
		os.RemoveAll(dir)
	}
}

// Result is how a program ended.
type Result struct {
	Stdout, Stderr string
	Code           int // −signum when a signal ended it
	Starts         int // how many processes of it were started, itself among them, if it calls CountStart
}

// startsVar names the file in which every process of a program leaves a byte.
const startsVar = "MP_TEST_STARTS"

// CountStart leaves a mark that this process began. A program calls it in its first init.
func CountStart() {
	path := os.Getenv(startsVar)
	if path == "" {
		return
	}
	if f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0); err == nil {
		f.WriteString(".")
		f.Close()
	}
}

// Run runs a program to its end, with variables added to the environment.
func Run(t testing.TB, path string, env []string, args ...string) Result {
	t.Helper()
	counter := filepath.Join(t.TempDir(), "starts")
	if err := os.WriteFile(counter, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = 5 * time.Second
	cmd.Env = append(append(os.Environ(), env...), startsVar+"="+counter)
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v\n%s", path, err, stderr.String())
	}
	if ctx.Err() != nil {
		t.Fatalf("%s did not end within %v; standard error:\n%s", path, limit, stderr.String())
	}
	marks, _ := os.ReadFile(counter)
	return Result{Stdout: stdout.String(), Stderr: stderr.String(), Code: exitCode(cmd.ProcessState), Starts: len(marks)}
}
