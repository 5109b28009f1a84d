//go:build unix

package prog

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// KillCode is the exit code of a process that Kill, or os.Process.Kill, has ended.
const KillCode = -int(syscall.SIGKILL)

// Kill ends a process at once, as an operator would: SIGKILL.
func Kill(pid int) error { return syscall.Kill(pid, syscall.SIGKILL) }

// Freeze stops a process: SIGSTOP. The signal is only a request, so Freeze waits until every thread of the process has stopped,
// as far as /proc can tell. It does not wait if the process is this one.
func Freeze(pid int) error {
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil || pid == os.Getpid() {
		return err
	}
	for !stopped(pid) {
		time.Sleep(time.Millisecond)
	}
	return nil
}

func stopped(pid int) bool {
	stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, path := range stats {
		if stat, err := os.ReadFile(path); err == nil {
			if _, state, _ := strings.Cut(string(stat), ") "); strings.Trim(state[:1], "TtZX") != "" {
				return false
			}
		}
	}
	return true
}

// Alive reports whether the process exists. Where there is /proc, a zombie does not count: its parent has yet to reap it.
func Alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return syscall.Kill(pid, 0) == nil // there is no /proc here, or the process has just ended
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z") && !strings.HasPrefix(state, "X")
}

// Wine reports whether this is Wine: never, outside Windows.
func Wine() bool { return false }

// Running lists the processes of a program.
func Running(program string) (pids []string) {
	paths, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, path := range paths {
		if target, err := os.Readlink(path); err == nil && target == program {
			pids = append(pids, path)
		}
	}
	return pids
}

func exitCode(s *os.ProcessState) int {
	if status, ok := s.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return -int(status.Signal())
	}
	return s.ExitCode()
}
