//go:build unix

package prog

import (
	"os"
	"syscall"
)

func exitCode(s *os.ProcessState) int {
	if status, ok := s.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return -int(status.Signal())
	}
	return s.ExitCode()
}
