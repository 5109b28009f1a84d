//go:build windows

package sys

import (
	"fmt"
	"os"
	"slices"
	"unsafe"

	"golang.org/x/sys/windows"
)

// This file is for tests, which want to know what a process has left behind.

var (
	queryObject    = windows.NewLazySystemDLL("ntdll.dll").NewProc("NtQueryObject")
	compareHandles = windows.NewLazySystemDLL("kernelbase.dll").NewProc("CompareObjectHandles")
)

// Handles maps this process's open handles to the names of their types, such as File, Process and Job. It tries one number
// after the other: the only list that the system has is that of all processes, and Wine 8's server crashes over it while one
// of them has no handles.
func Handles() map[uintptr]string {
	const step, gap = 4, 4 << 10 // the system reuses free numbers, so that gaps are short
	open := make(map[uintptr]string)
	for h, last := uintptr(step), uintptr(0); h-last <= gap; h += step {
		if kind, ok := typeOf(h); ok {
			open[h], last = kind, h
		}
	}
	return open
}

// typeOf names the type of the object behind a handle, if the handle is open.
func typeOf(handle uintptr) (kind string, ok bool) {
	const objectTypeInformation = 2
	var info struct {
		name windows.NTUnicodeString
		rest [1 << 10]byte
	}
	status, _, _ := queryObject.Call(handle, objectTypeInformation, uintptr(unsafe.Pointer(&info)), unsafe.Sizeof(info), 0)
	return info.name.String(), status == 0
}

// SameObject reports whether two handles are open for the same object.
func SameObject(a, b uintptr) bool {
	same, _, _ := compareHandles.Call(a, b)
	return same != 0
}

// Directory is the handle of the working directory.
func Directory() uintptr {
	return uintptr(windows.RtlGetCurrentPeb().ProcessParameters.CurrentDirectory.Handle)
}

// ProcessEntry is a process that is running.
type ProcessEntry struct {
	Pid, Parent int
	Path        string // of its program; empty if it is not known
	started     windows.Filetime
}

func (p ProcessEntry) String() string { return fmt.Sprintf("%d %s", p.Pid, p.Path) }

// Processes lists the processes that run. A process that has ended is not among them, even if there are handles of it.
func Processes() ([]ProcessEntry, error) {
	snapshot, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPPROCESS, 0)
	if err != nil {
		return nil, os.NewSyscallError("CreateToolhelp32Snapshot", err)
	}
	defer windows.CloseHandle(snapshot)
	var all []ProcessEntry
	var e windows.ProcessEntry32
	e.Size = uint32(unsafe.Sizeof(e))
	for err = windows.Process32First(snapshot, &e); err == nil; err = windows.Process32Next(snapshot, &e) {
		p := ProcessEntry{Pid: int(e.ProcessID), Parent: int(e.ParentProcessID)}
		if p.look() {
			all = append(all, p)
		}
	}
	return all, nil
}

// look asks the process itself what the list does not tell, and reports whether it runs.
func (p *ProcessEntry) look() bool {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION|windows.SYNCHRONIZE, false, uint32(p.Pid))
	if err != nil {
		return err != windows.ERROR_INVALID_PARAMETER // another user's process runs all the same
	}
	defer windows.CloseHandle(h)
	if event, err := windows.WaitForSingleObject(h, 0); err == nil && event == windows.WAIT_OBJECT_0 {
		return false
	}
	path := make([]uint16, windows.MAX_LONG_PATH)
	n := uint32(len(path))
	if windows.QueryFullProcessImageName(h, 0, &path[0], &n) == nil {
		p.Path = windows.UTF16ToString(path[:n])
	}
	var exited, kernel, user windows.Filetime
	windows.GetProcessTimes(h, &p.started, &exited, &kernel, &user)
	return true
}

// Children lists the running children of this process. A process that is older than this one is left out: its parent had our
// process id before.
func Children() ([]ProcessEntry, error) {
	all, err := Processes()
	us := ProcessEntry{Pid: os.Getpid()}
	us.look()
	return slices.DeleteFunc(all, func(p ProcessEntry) bool {
		return p.Parent != us.Pid || p.started.Nanoseconds() < us.started.Nanoseconds()
	}), err
}
