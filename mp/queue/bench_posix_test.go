//go:build unix

package queue_test

import (
	"syscall"
	"time"
)

// cpu is the CPU time of this process and of its children that have ended.
func cpu() (self, children time.Duration) {
	of := func(who int) time.Duration {
		var u syscall.Rusage
		_ = syscall.Getrusage(who, &u)
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return of(syscall.RUSAGE_SELF), of(syscall.RUSAGE_CHILDREN)
}
