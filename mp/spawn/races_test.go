package spawn_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// TestMain fails when children had data races, even if no test looked at their errors, and names the children.
func TestRacesOfChildren(t *testing.T) {
	program := racing(t)
	const header = `mp: the race detector has reported data races \(WARNING: DATA RACE\) in child processes, which therefore exited with code 66:\n`
	for how, want := range map[string]string{
		"none":    "",
		"process": `\tProcess-1 \(pid \d+\)\n`,
		"many":    `(\tProcess-\d \(pid \d+\)\n){8}\tand 2 more\n`,
		"pool":    `\tPoolWorker-1 \(pid \d+\)\n`,
		"ctx":     `\tPoolWorker-1 \(pid \d+\)\n`,
		"loader":  `\tLoaderWorker-0 \(pid \d+\)\n`,
	} {
		t.Run(how, func(t *testing.T) {
			r := prog.Run(t, program, []string{"MP_TEST_HOW=" + how})
			code, end := 1, header+want+"$"
			if want == "" {
				code, end = 0, "^$"
			}
			if r.Code != code || !regexp.MustCompile(end).MatchString(r.Stderr) {
				t.Errorf("exit code %d, standard error:\n%s", r.Code, r.Stderr)
			}
		})
	}
}

// TestMain also fails when the racing child is reaped only after the tests.
func TestLateRace(t *testing.T) {
	cmd := exec.Command(racing(t))
	cmd.Env = append(os.Environ(), "MP_TEST_HOW=late")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stderr)
	first, err := lines.ReadString('\n')
	stdin.Close() // the child can be reaped now
	rest, _ := io.ReadAll(lines)
	cmd.Wait()
	if err != nil || !strings.Contains(first, "are left over from the tests") || !strings.Contains(string(rest), "data races") ||
		cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("%v, %v, %s%s", err, cmd.ProcessState, first, rest)
	}
}

// racing builds a program of racing children with -race. It skips the test where that needs a C compiler and there is none.
func racing(t *testing.T) string {
	t.Helper()
	if out, err := exec.Command("go", "build", "-race", "runtime/race", "runtime/cgo").CombinedOutput(); err != nil {
		t.Skip(strings.TrimSpace(fmt.Sprintf("there is no race detector here: %v\n%s", err, out)))
	}
	return prog.Build(t, "./testdata/races", "-race")
}
