package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/examples/internal/program"
	"github.com/go-multiprocessing/multiprocessing/mp"
)

func TestMain(m *testing.M) { mp.TestMain(m) }

// Without the build tag native there is no C code, and the program says how to run it with the tag.
func TestWithout(t *testing.T) {
	t.Setenv("GOFLAGS", os.Getenv("GOFLAGS")+" -tags=")
	if out := program.Run(t); !strings.Contains(out, "go run -tags native ./examples/native") {
		t.Error(out)
	}
}

func TestOutput(t *testing.T) {
	needCompiler(t)
	t.Setenv("CGO_ENABLED", "1")
	t.Setenv("GOFLAGS", os.Getenv("GOFLAGS")+" -tags=native")
	out := program.Run(t)
	for _, want := range []string{
		`(?m)^a null pointer in C\n +error +\*spawn\.ExitError\n +text .* died of a fatal error.* while it ran native\.nullPointer: .*SIGSEGV`,
		`Cause: fatal, ExitCode: 2, .*\n +in +main\._Cfunc_null_pointer\(`,
		`(?m)^an endless loop in C\n +error +\*spawn\.ExitError\n +text .* did not stop at its deadline .* while it ran native\.endless\n +more +Cause: deadline, .* deadline: true$`,
		`(?m)^ +by 4 goroutines +[1-9]\d* answers are wrong\n +by 4 processes +0 answers are wrong$`,
		`(?m)^the parent is still here \(pid \d+\)$`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("the output does not match %s", want)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
}

// needCompiler skips the test where the go tool has no C compiler to call.
func needCompiler(t *testing.T) {
	t.Helper()
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("the go tool, which builds the example, is not on PATH")
	}
	cc, err := exec.CommandContext(t.Context(), tool, "env", "CC").Output()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath(strings.Fields(string(cc) + " none")[0]); err != nil {
		t.Skipf("there is no C compiler: %v", err)
	}
}
