// Package program builds and runs an example for its test.
package program

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Run builds the program of the test's directory and returns what it prints. It must end soon, and successfully.
func Run(t *testing.T, args ...string) string {
	t.Helper()
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("the go tool, which builds the example, is not on PATH")
	}
	name := filepath.Join(t.TempDir(), "example.exe") // Windows wants the suffix, others do not mind
	if out, err := exec.CommandContext(t.Context(), tool, "build", "-o", name, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stderr, cmd.WaitDelay = os.Stderr, time.Second
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}
