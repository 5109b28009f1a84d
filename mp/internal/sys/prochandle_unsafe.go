//go:build windows

package sys

import (
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
	var counters struct { // PROCESS_MEMORY_COUNTERS
		cb, pageFaults uint32
		peak           uintptr
		others         [7]uintptr
	}
	counters.cb = uint32(unsafe.Sizeof(counters))
	if ok, _, _ := getProcessMemoryInfo.Call(uintptr(p.handle), uintptr(unsafe.Pointer(&counters)), uintptr(counters.cb)); ok != 0 {
		peakRSS = int64(counters.peak)
	}
	return user, system, peakRSS
}

// duration is a time that is counted in units of 100 ns.
func duration(t windows.Filetime) time.Duration {
	return time.Duration(int64(t.HighDateTime)<<32|int64(t.LowDateTime)) * 100
}
