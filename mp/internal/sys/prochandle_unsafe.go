//go:build windows

package sys

import (
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// ProcessHandle is a handle of a process. The process id stays taken until it is closed.
type ProcessHandle struct{ handle windows.Handle }

// AwaitExit blocks, and holds a thread, until the process has ended.
func (p *ProcessHandle) AwaitExit() { windows.WaitForSingleObject(p.handle, windows.INFINITE) }

// ExitCode is the exit code of a process that has ended.
func (p *ProcessHandle) ExitCode() (code uint32) {
	windows.GetExitCodeProcess(p.handle, &code)
	return code
}

// Close closes the handle.
func (p *ProcessHandle) Close() { windows.CloseHandle(p.handle) }

var getProcessMemoryInfo = windows.NewLazySystemDLL("kernel32.dll").NewProc("K32GetProcessMemoryInfo")

// Usage is what the process has used: processor time, and the largest working set in bytes. What is not known is 0.
func (p *ProcessHandle) Usage() (user, system time.Duration, peakRSS int64) {
	var created, exited, inKernel, inUser windows.Filetime
	if windows.GetProcessTimes(p.handle, &created, &exited, &inKernel, &inUser) == nil {
		user, system = duration(inUser), duration(inKernel)
	}
	if counters, err := p.memory(); err == nil {
		peakRSS = int64(counters.peak)
	}
	return user, system, peakRSS
}

// memoryCounters are PROCESS_MEMORY_COUNTERS: working sets in bytes.
type memoryCounters struct {
	cb, pageFaults uint32
	peak, now      uintptr
	others         [6]uintptr
}

func (p *ProcessHandle) memory() (c memoryCounters, err error) {
	c.cb = uint32(unsafe.Sizeof(c))
	if ok, _, err := getProcessMemoryInfo.Call(uintptr(p.handle), uintptr(unsafe.Pointer(&c)), uintptr(c.cb)); ok == 0 {
		return c, os.NewSyscallError("GetProcessMemoryInfo", err)
	}
	return c, nil
}

// Memory is the working set of the process now, in bytes.
func (p *ProcessHandle) Memory() (int64, error) {
	c, err := p.memory()
	return int64(c.now), err
}

// duration is a time that is counted in units of 100 ns.
func duration(t windows.Filetime) time.Duration {
	return time.Duration(int64(t.HighDateTime)<<32|int64(t.LowDateTime)) * 100
}
