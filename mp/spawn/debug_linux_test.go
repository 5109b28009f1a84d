package spawn_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// A process that waits for a debugger prints so. It goes on only when a debugger, which attaches to one thread after the other,
// has all of its threads.
func TestDebugWait(t *testing.T) {
	cmd, stderr, out := waiting(t)
	pid := announced(t, stderr)
	runtime.LockOSThread() // a tracer is a thread
	defer runtime.UnlockOSThread()
	if err := syscall.PtraceAttach(pid); err != nil {
		t.Skipf("this process may not debug another: %v", err)
	}
	time.Sleep(200 * time.Millisecond) // it must not go on yet: it looks every 50 ms, which no event tells
	others, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	if err != nil || len(others) < 2 {
		t.Fatal(others, err)
	}
	for _, path := range others {
		if tid, _ := strconv.Atoi(filepath.Base(path)); tid != pid {
			if err := syscall.PtraceAttach(tid); err != nil {
				t.Fatal(err)
			}
		}
	}
	traceToEnd(t, pid, len(others))
	if err := cmd.Wait(); err != nil || out.String() != fmt.Sprintln(pid, 42) {
		t.Errorf("%v, %q", err, out)
	}
}

// traceToEnd waits until that many traced threads of a process have stopped and lets them go on. It lets new threads go on too,
// until the process has ended.
func traceToEnd(t *testing.T, pid, threads int) {
	t.Helper()
	var stopped []int
	for {
		var status syscall.WaitStatus
		tid, err := syscall.Wait4(-1, &status, 0x40000000 /* __WALL */, nil)
		switch {
		case err != nil:
			t.Fatal(err)
		case status.Stopped() && len(stopped) < threads:
			if err := syscall.PtraceSetOptions(tid, syscall.PTRACE_O_TRACECLONE); err != nil {
				t.Fatal(err)
			}
			if stopped = append(stopped, tid); len(stopped) == threads {
				for _, tid := range stopped {
					syscall.PtraceCont(tid, 0)
				}
			}
		case status.Stopped():
			sig := int(status.StopSignal())
			if sig == int(syscall.SIGSTOP) || sig == int(syscall.SIGTRAP) { // the first stop of a new thread, or its parent's report of it
				sig = 0
			}
			syscall.PtraceCont(tid, sig)
		case tid == pid:
			return
		}
	}
}

// A process that waits for a debugger ends when its parent ends.
func TestDebugWaitOrphan(t *testing.T) {
	cmd, stderr, _ := waiting(t)
	pid := announced(t, stderr)
	cmd.Process.Kill()
	awaitGone(t, []int{pid})
	cmd.Wait()
}

func waiting(t *testing.T) (cmd *exec.Cmd, stderr *bufio.Reader, stdout *bytes.Buffer) {
	t.Helper()
	stdout = new(bytes.Buffer)
	cmd = exec.Command(prog.Build(t, "./testdata/debug"))
	cmd.Env = append(os.Environ(), "MP_DEBUG_WAIT=doubler")
	cmd.Stdout = stdout
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd, bufio.NewReader(pipe), stdout
}

func announced(t *testing.T, stderr *bufio.Reader) (pid int) {
	t.Helper()
	line, err := stderr.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_, number, _ := strings.Cut(line, "dlv attach ")
	if _, err := fmt.Sscan(number, &pid); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return pid
}
