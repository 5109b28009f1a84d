package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

// Traced reports whether a debugger is attached to this process, if that can be known.
func Traced() (traced, known bool) {
	const flag = 0x800 // P_TRACED
	info, err := unix.SysctlKinfoProc("kern.proc.pid", os.Getpid())
	return err == nil && info.Proc.P_flag&flag != 0, err == nil
}
