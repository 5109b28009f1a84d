package spawn_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// A process that waits for a debugger says so, and goes on when one is attached.
func TestDebugWait(t *testing.T) {
	cmd, stderr, out := waiting(t)
	pid := announced(t, stderr)
	runtime.LockOSThread() // a tracer is a thread
	defer runtime.UnlockOSThread()
	if err := syscall.PtraceAttach(pid); err != nil {
		t.Skipf("this process may not debug another: %v", err)
	}
	for sig := 0; ; {
		var status syscall.WaitStatus
		if _, err := syscall.Wait4(pid, &status, 0x40000000 /* __WALL */, nil); err != nil {
			t.Fatal(err)
		}
		if !status.Stopped() {
			break
		}
		if sig = int(status.StopSignal()); sig == int(syscall.SIGSTOP) {
			sig = 0
		}
		if err := syscall.PtraceCont(pid, sig); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Wait(); err != nil || out.String() != fmt.Sprintln(pid, 42) {
		t.Errorf("%v, %q", err, out)
	}
}

// One that waits for a debugger does not outlive its parent.
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
