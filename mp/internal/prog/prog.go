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
	"slices"
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

// prebuilt is the variable that names a directory with the programs, for systems that have no go tool, such as Wine. A
// program's file there is called like its directory in the module, with _ for /, followed by its flags:
// mp_spawn_testdata_guard.exe, mp_spawn_testdata_notestmain-test.exe.
const prebuilt = "MP_TEST_PROGRAMS"

// Build builds the package in a directory (with "-test" in flags: its test binary) once for each test binary and
// returns the path. Tests removes it. When MP_TEST_PROGRAMS is set, it takes the program from there.
func Build(t testing.TB, pkg string, flags ...string) string {
	t.Helper()
	mu.Lock()
	defer mu.Unlock()
	key := strings.Join(append(flags, pkg), " ")
	if path, found := built[key]; found {
		return path
	}
	args := []string{"build", "-o"}
	rest := flags
	if len(flags) > 0 && flags[0] == "-test" {
		args, rest = []string{"test", "-c", "-o"}, flags[1:]
	}
	rest = append(slices.Clone(rest), pkg)
	if from := os.Getenv(prebuilt); from != "" {
		path := filepath.Join(from, prebuiltName(t, pkg, flags))
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("%v; build it in %s with: go %s %s %s", err, here(t), strings.Join(args, " "), path, strings.Join(rest, " "))
		}
		built[key] = path
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
	out, err := exec.Command("go", slices.Concat(args, []string{path}, rest)...).CombinedOutput()
	if err != nil {
		t.Fatalf("building %s: %v\n%s", pkg, err, out)
	}
	built[key] = path
	return path
}

// prebuiltName is the name of a program in the directory of prebuilt ones.
func prebuiltName(t testing.TB, pkg string, flags []string) string {
	t.Helper()
	dir := filepath.Join(here(t), pkg)
	for root := dir; ; root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			rel, err := filepath.Rel(root, dir)
			if err != nil {
				t.Fatal(err)
			}
			return strings.ReplaceAll(filepath.ToSlash(rel), "/", "_") + strings.Join(flags, "") + ".exe"
		}
		if root == filepath.Dir(root) {
			t.Fatalf("%s is in no module", dir)
		}
	}
}

func here(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// Tests are the tests of a package that builds programs. Run removes the programs in the end. Pass it to mp.TestMain.
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
		remove(dir)
	}
}

// Result is how a program ended.
type Result struct {
	Stdout, Stderr string
	Code           int // −signum when a signal ended it
	Starts         int // how many processes of the program were started, the first one included; 0 unless it calls CountStart
}

// startsVar names the directory in which every process of a program leaves a file.
const startsVar = "MP_TEST_STARTS"

// CountStart leaves a mark that this process began. A program calls it in its first init.
func CountStart() {
	dir := os.Getenv(startsVar)
	if dir == "" {
		return
	}
	if f, err := os.CreateTemp(dir, ""); err == nil {
		f.Close()
	}
}

// Run runs a program to its end, with variables added to the environment.
func Run(t testing.TB, path string, env []string, args ...string) Result {
	t.Helper()
	counter := TempDir(t)
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
	marks, _ := os.ReadDir(counter)
	return Result{Stdout: stdout.String(), Stderr: stderr.String(), Code: exitCode(cmd.ProcessState), Starts: len(marks)}
}
