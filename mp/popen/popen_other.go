//go:build unix && !linux

package popen

import (
	"os"
	"runtime"
	"syscall"
)

// maxrssUnit: the BSDs count in KiB, macOS in bytes.
var maxrssUnit = map[bool]int64{true: 1, false: 1 << 10}[runtime.GOOS == "darwin"]

// There is no portable parent-death signal here: children notice the end of their link.
func sysProcAttr(*int) *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func startProcess(path string, argv []string, attr *os.ProcAttr) (*os.Process, error) {
	return os.StartProcess(path, argv, attr)
}

// handle has nothing to wait on here: os.Process holds a thread in wait4.
type handle struct{ process *os.Process }

func newHandle(process *os.Process, _ int) handle { return handle{process} }

func (handle) awaitExit() (ended bool) { return false }

func (handle) close() {}
