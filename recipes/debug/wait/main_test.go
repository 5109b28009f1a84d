// Package wait is about a child that waits for a debugger.
package wait

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

// The child says that it waits. What a debugger then shows is from a session with delve 1.27.2; that a child goes on once one is
// attached, a test of package spawn sees. The lines of the program in it are those of the program.
func TestWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "process")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "../../guide/process").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), path)
	cmd.Env = append(os.Environ(), "MP_DEBUG_WAIT=counter")
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stderr).ReadString('\n')
	cmd.Process.Kill() // and so the child, which waits, ends
	cmd.Wait()
	pid := regexp.MustCompile(`\d+`)
	if want := program.File(t, "waits.txt"); err != nil || pid.ReplaceAllString(line, "…") != pid.ReplaceAllString(want, "…") {
		t.Errorf("it said %q, not %q; %v", line, want, err)
	}

	source := strings.Split(program.File(t, "../../guide/process/main.go"), "\n")
	shown := strings.Split(program.File(t, "dlv.txt"), "\n")
	for n := 8; n <= 18; n++ {
		if _, text, _ := strings.Cut(shown[n-2], ":\t"); text != source[n-1] {
			t.Errorf("line %d is %q, and is shown as %q", n, source[n-1], text)
		}
	}
}
