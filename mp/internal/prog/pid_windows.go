package prog

import (
	"os"
	"strings"
	"syscall"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// KillCode is the exit code of a process that Kill, or os.Process.Kill, has ended. A process that exits with this code by itself
// looks the same.
const KillCode = 1

// Kill ends a process at once, as an operator would, but not the rest of its job.
func Kill(pid int) error {
	const terminate = 1 // PROCESS_TERMINATE
	h, err := syscall.OpenProcess(terminate, false, uint32(pid))
	if err != nil {
		return os.NewSyscallError("OpenProcess", err)
	}
	defer syscall.CloseHandle(h)
	return os.NewSyscallError("TerminateProcess", syscall.TerminateProcess(h, KillCode))
}

var suspend = syscall.NewLazyDLL("ntdll.dll").NewProc("NtSuspendProcess")

// Freeze keeps a process from doing anything: it suspends its threads.
func Freeze(pid int) error {
	const suspendResume = 0x800 // PROCESS_SUSPEND_RESUME
	h, err := syscall.OpenProcess(suspendResume, false, uint32(pid))
	if err != nil {
		return os.NewSyscallError("OpenProcess", err)
	}
	defer syscall.CloseHandle(h)
	if status, _, _ := suspend.Call(uintptr(h)); status != 0 {
		return os.NewSyscallError("NtSuspendProcess", syscall.Errno(status))
	}
	return nil
}

// Alive reports whether the process has not ended. A process that has ended can still be opened while a handle to it is open.
func Alive(pid int) bool {
	h, err := syscall.OpenProcess(syscall.SYNCHRONIZE, false, uint32(pid))
	if err != nil {
		return false
	}
	defer syscall.CloseHandle(h)
	event, err := syscall.WaitForSingleObject(h, 0)
	return err != nil || event != syscall.WAIT_OBJECT_0
}

// Wine reports whether this is Wine rather than Windows.
func Wine() bool { return syscall.NewLazyDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil }

// Running lists the processes of a program.
func Running(program string) (pids []string) {
	all, err := sys.Processes()
	if err != nil {
		return []string{err.Error()}
	}
	for _, p := range all {
		if strings.EqualFold(p.Path, program) {
			pids = append(pids, p.String())
		}
	}
	return pids
}

func exitCode(s *os.ProcessState) int { return s.ExitCode() }
