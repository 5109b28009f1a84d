package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

// Traced reports whether a debugger is attached to this process.
func Traced() bool {
	const traced = 0x800 // P_TRACED
	info, err := unix.SysctlKinfoProc("kern.proc.pid", os.Getpid())
	return err == nil && info.Proc.P_flag&traced != 0
}
