package spawn_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// deaths are the ways in which a parent may die.
var deaths = []os.Signal{os.Kill}

// bootTime is about how long a program takes to start its children.
const bootTime = 200 * time.Millisecond

// copyProgram copies a program to a path, whose directory it makes.
func copyProgram(t *testing.T, program, path string) string {
	t.Helper()
	b, err := os.ReadFile(program)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err == nil {
		err = os.WriteFile(path, b, 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// PY-BOOT-02: the child is the same program however it was started.
func TestWaysToStart(t *testing.T) {
	program := prog.Build(t, "./testdata/guard")
	dir := prog.TempDir(t)
	copied := copyProgram(t, program, filepath.Join(dir, "Прог & ramme", "it's one.exe"))
	for name, cmd := range map[string]*exec.Cmd{
		"a path with all sorts of characters": exec.Command(copied),
		"relative path":                       {Path: `.\it's one.exe`, Args: []string{`.\it's one.exe`}, Dir: filepath.Dir(copied)},
		"another directory":                   {Path: copied, Args: []string{copied}, Dir: os.Getenv("SYSTEMROOT")},
		"other argv[0]":                       {Path: program, Args: []string{"renamed"}},
		"odd arguments":                       exec.Command(program, "", `"`, `a\`, `b\"c d\\`, "%PATH%", "ü\t"),
		"few processors":                      {Path: program, Args: []string{program}, Env: append(os.Environ(), "GOMAXPROCS=1")},
	} {
		out, err := cmd.CombinedOutput()
		if err != nil || string(out) != "hello from the child\n" {
			t.Errorf("%s: %v, %s", name, err, out)
		}
	}
}

// The file of a running program cannot be deleted, but it can be moved. Then Start says that it cannot be found.
func TestProgramIsGone(t *testing.T) {
	path := copyProgram(t, prog.Build(t, "./testdata/guard"), filepath.Join(prog.TempDir(t), "program.exe"))
	r := prog.Run(t, path, []string{"MP_TEST_WHERE=moved"})
	if r.Code != 1 || r.Stdout != "" || !strings.Contains(r.Stderr, "cannot be found") {
		t.Errorf("%+v", r)
	}
}

// PY-PROC-25: missing or broken standard streams of the parent do not matter.
func TestBrokenStreams(t *testing.T) {
	program := prog.Build(t, "./testdata/guard")
	nobody := func() *os.File {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { w.Close() })
		r.Close()
		return w
	}
	for name, c := range map[string]struct {
		closed         string
		stdout, stderr *os.File
	}{
		"stdin closed":     {closed: "stdin"},
		"stdout closed":    {closed: "stdout"},
		"stderr closed":    {closed: "stderr"},
		"all closed":       {closed: "stdin stdout stderr"},
		"stdout to nobody": {stdout: nobody()},
		"stderr to nobody": {stderr: nobody()},
		"all to nobody":    {stdout: nobody(), stderr: nobody()},
	} {
		cmd := exec.Command(program)
		cmd.Env = append(os.Environ(), "MP_TEST_CLOSED="+c.closed)
		var stdout bytes.Buffer
		cmd.Stdout = &stdout
		if c.stdout != nil {
			cmd.Stdout = c.stdout
		}
		if c.stderr != nil {
			cmd.Stderr = c.stderr
		}
		if err := cmd.Run(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.stdout == nil && !strings.Contains(c.closed, "stdout") && stdout.String() != "hello from the child\n" {
			t.Errorf("%s: %q", name, stdout.String())
		}
	}
}

// A forged MP_SPAWN that names existing handles is refused too. The check neither blocks on the handles nor takes bytes from them.
func TestForgedMarkerWithHandles(t *testing.T) {
	program := prog.Build(t, "./testdata/guard")
	pipe := func(text string) (r, w *os.File) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close(); w.Close() })
		w.WriteString(text)
		return r, w
	}
	file, err := os.Create(filepath.Join(prog.TempDir(t), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	file.WriteString("mp-spawn\x07\x00\x00\x00\x00\x00\x00\x00")
	file.Seek(0, 0)
	empty, wrongEnd := pipe("")
	short, _ := pipe("mp-spawn\x07")
	other, _ := pipe("mp-spawn\x08\x00\x00\x00\x00\x00\x00\x00")
	for name, f := range map[string]*os.File{
		"a file": file, "an empty pipe": empty, "the wrong end of a pipe": wrongEnd, "a pipe with less": short, "a pipe of another one": other,
	} {
		h := windows.Handle(f.Fd())
		if err := windows.SetHandleInformation(h, windows.HANDLE_FLAG_INHERIT, windows.HANDLE_FLAG_INHERIT); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(program)
		cmd.SysProcAttr = &syscall.SysProcAttr{AdditionalInheritedHandles: []syscall.Handle{syscall.Handle(h)}}
		cmd.Env = append(os.Environ(), fmt.Sprintf("MP_SPAWN=%d,%d,7", h, h))
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err == nil || cmd.ProcessState.ExitCode() != 1 || len(out) > 0 ||
			!strings.Contains(stderr.String(), "MP_SPAWN is set, but no parent process of this program set it") {
			t.Errorf("%s: %v, %s%s", name, err, out, &stderr)
		}
	}
	left, err := io.ReadAll(io.LimitReader(other, 16))
	if len(left) != 16 || err != nil {
		t.Errorf("of 16 bytes in the pipe are left %q, %v", left, err)
	}
}
