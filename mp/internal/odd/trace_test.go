//go:build linux

package odd_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// tracer runs a program and kills one of its processes, the victim, at a stop: the kernel stops each thread of the victim
// before and after every system call.
type tracer struct {
	victim int // 0: the program itself; n: the n-th process that it starts
	at     int // the stop at which it is killed, from 1; 0: never

	pids  map[int]int // the numbers of the processes, by pid
	stops int         // how many the victim has made
	ended syscall.WaitStatus
	hung  atomic.Bool
}

// run runs the program and returns what it has printed, once it and all that it has started have ended.
func (r *tracer) run(t *testing.T, program string, env ...string) (stdout string) {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	runtime.LockOSThread() // the thread that starts a traced process is the one that may trace it
	defer runtime.UnlockOSThread()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	p, err := os.StartProcess(program, []string{program}, &os.ProcAttr{
		Env: append(os.Environ(), env...), Files: []*os.File{null, out, null}, Sys: &syscall.SysProcAttr{Ptrace: true},
	})
	if err != nil {
		t.Skipf("processes cannot be traced here: %v", err)
	}
	defer p.Release()
	var ws syscall.WaitStatus
	const options = syscall.PTRACE_O_TRACECLONE | syscall.PTRACE_O_TRACEFORK | syscall.PTRACE_O_TRACEVFORK | syscall.PTRACE_O_TRACEEXEC | syscall.PTRACE_O_TRACESYSGOOD
	if _, err := syscall.Wait4(p.Pid, &ws, 0, nil); err != nil || !ws.Stopped() {
		t.Fatalf("%v, %v", ws, err)
	}
	if err := syscall.PtraceSetOptions(p.Pid, options); err != nil {
		p.Kill()
		t.Skipf("processes cannot be traced here: %v", err)
	}
	r.pids = make(map[int]int)
	r.follow(t, p.Pid)
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// follow lets the threads run from stop to stop, until none is left.
func (r *tracer) follow(t *testing.T, program int) {
	const noThread = 0x20000000 // __WNOTHREAD: not the children of other threads
	groups := map[int]int{program: program}
	r.pids[program] = 0
	r.resume(program, program, 0)
	hang := time.AfterFunc(30*time.Second, func() {
		r.hung.Store(true)
		syscall.Kill(program, syscall.SIGKILL)
	})
	defer hang.Stop()
	for patience := 0; ; {
		var ws syscall.WaitStatus
		flags := syscall.WALL | noThread
		if r.hung.Load() { // a process that outlives the program by more than a second is killed too
			flags |= syscall.WNOHANG
		}
		tid, err := syscall.Wait4(-1, &ws, flags, nil)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil: // no thread is left
			return
		case tid == 0:
			if patience++; patience > 100 {
				for pid := range r.pids {
					syscall.Kill(pid, syscall.SIGKILL)
				}
			}
			time.Sleep(10 * time.Millisecond)
			continue
		}
		if !ws.Stopped() {
			if tid == program {
				r.ended = ws
			}
			continue
		}
		group, known := groups[tid]
		if !known {
			group = tgid(tid)
			groups[tid] = group
			if _, known := r.pids[group]; !known {
				r.pids[group] = len(r.pids)
			}
		}
		r.resume(tid, group, r.signal(ws, group, !known))
	}
}

// signal returns the signal that the thread is to get after a stop; none if the stop is the tracer's own.
func (r *tracer) signal(ws syscall.WaitStatus, group int, first bool) int {
	const systemCall = syscall.SIGTRAP | 0x80
	sig := ws.StopSignal()
	switch {
	case sig == systemCall:
		if r.stops++; r.stops == r.at {
			syscall.Kill(group, syscall.SIGKILL)
		}
		return 0
	case sig == syscall.SIGTRAP || first && sig == syscall.SIGSTOP:
		return 0
	}
	return int(sig)
}

func (r *tracer) resume(tid, group, sig int) {
	if r.pids[group] == r.victim {
		syscall.PtraceSyscall(tid, sig)
	} else {
		syscall.PtraceCont(tid, sig)
	}
}

// tgid is the process of a thread.
func tgid(tid int) (pid int) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", tid))
	if _, rest, found := strings.Cut(string(status), "Tgid:"); found {
		fmt.Sscan(rest, &pid)
	}
	return pid
}
