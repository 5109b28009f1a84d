//go:build unix

package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

// SetNice gives this nice value to the process group, all threads of its processes included. What they start later inherits
// it.
func SetNice(group, nice int) error {
	return os.NewSyscallError("setpriority", unix.Setpriority(unix.PRIO_PGRP, group, nice))
}
