package sys

import (
	"os"

	"golang.org/x/sys/windows"
)

// SetNice gives the process the priority class that is nearest to a nice value. It never gives the realtime class, which starves
// the system itself.
func (p *ProcessHandle) SetNice(nice int) error {
	class := uint32(windows.NORMAL_PRIORITY_CLASS)
	switch {
	case nice >= 10:
		class = windows.IDLE_PRIORITY_CLASS
	case nice > 0:
		class = windows.BELOW_NORMAL_PRIORITY_CLASS
	case nice <= -10:
		class = windows.HIGH_PRIORITY_CLASS
	case nice < 0:
		class = windows.ABOVE_NORMAL_PRIORITY_CLASS
	}
	return os.NewSyscallError("SetPriorityClass", windows.SetPriorityClass(p.handle, class))
}
