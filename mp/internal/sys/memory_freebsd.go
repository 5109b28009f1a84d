package sys

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"os"

	"golang.org/x/sys/unix"
)

// MeasuresMemory says whether ProcessMemory works here: where kinfo_proc looks as below.
const MeasuresMemory = bits.UintSize == 64

// Offsets in struct kinfo_proc of a 64-bit kernel. The first word of the struct is its size.
const (
	kinfoSize     = 1088
	kinfoPid      = 72
	kinfoResident = 264
)

// ProcessMemory is how many bytes of memory the process has now, 0 when it has ended.
func ProcessMemory(pid int) (int64, error) {
	b, err := unix.SysctlRaw("kern.proc.pid", pid)
	switch {
	case err != nil:
		return 0, os.NewSyscallError("sysctl kern.proc.pid", err)
	case len(b) < kinfoSize || binary.LittleEndian.Uint32(b) != kinfoSize || binary.LittleEndian.Uint32(b[kinfoPid:]) != uint32(pid):
		return 0, fmt.Errorf("kinfo_proc of process %d is not as expected", pid)
	}
	return int64(binary.LittleEndian.Uint64(b[kinfoResident:])) * int64(os.Getpagesize()), nil
}
