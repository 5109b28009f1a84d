//go:build unix

package prog

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// KillCode is the exit code of a process that Kill, or os.Process.Kill, has ended.
const KillCode = -int(syscall.SIGKILL)

// Kill ends a process at once, as an operator would: SIGKILL.
func Kill(pid int) error { return syscall.Kill(pid, syscall.SIGKILL) }

// Freeze keeps a process from doing anything: SIGSTOP.
func Freeze(pid int) error { return syscall.Kill(pid, syscall.SIGSTOP) }

// Alive reports whether the process exists, zombies not counted: their parent is to reap those.
func Alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return syscall.Kill(pid, 0) == nil && !os.IsNotExist(err)
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z") && !strings.HasPrefix(state, "X")
}

// Wine is for Windows.
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
