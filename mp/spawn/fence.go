package spawn

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
	"github.com/go-multiprocessing/multiprocessing/mp/popen"
)

// fence keeps a child within its limits. fenceIn fills it. Afterwards only autopsy and removeCgroup change it, once the child
// has ended.
type fence struct {
	applied Applied
	cgroup  *sys.Cgroup  // the child's own; nil: none
	before  int          // OOM kills so far in the cgroup that the child shares with us, at its start; −1: not known
	oom     *memoryError // nil unless the kernel killed the child for want of memory
}

// fenceIn applies the limits to the child while it waits for its preparation data, so before it runs a registered function.
func (c *Child) fenceIn(l *Limits) error {
	c.fence.before = sharedKills.count()
	c.fence.applied.GOMAXPROCS = l.GOMAXPROCS // set in its environment
	var missing []error
	if l.Nice != 0 {
		if err := c.popen.SetNice(l.Nice); err == nil {
			c.fence.applied.Nice = l.Nice
		} else if !gone(err) {
			missing = append(missing, fmt.Errorf("Limits.Nice %d cannot be had: %w", l.Nice, niceHint(err)))
		}
	}
	switch {
	case l.Memory > 0 && sys.MeasuresMemory:
		if _, err := memoryOf(c.popen); err != nil && !gone(err) {
			missing = append(missing, fmt.Errorf("Limits.Memory: it cannot be seen how much memory the process has: %w", err))
			break
		}
		c.fence.applied.Memory, c.fence.applied.MemoryBy = l.Memory, BySampling
		if c.ownCgroup(l.Memory) {
			c.fence.applied.MemoryBy = ByCgroup
		}
		go c.watchMemory(l.Memory, memoryOf)
	case l.Memory > 0:
		missing = append(missing, fmt.Errorf("Limits.Memory: %w", unmeasured()))
	}
	err := errors.Join(missing...)
	if l.BestEffort {
		c.fence.applied.Missing, err = err, nil
	}
	return err
}

// renice sets the nice value again when the child is ready: a thread that was being created at the first time may have the old
// value.
func (c *Child) renice() {
	if c.fence.applied.Nice != 0 {
		c.popen.SetNice(c.fence.applied.Nice)
	}
}

// gone reports whether a limit could not be applied because the child has died. Then err is dropped: the error for the child's
// death says more.
func gone(err error) bool {
	return errors.Is(err, syscall.ESRCH) || errors.Is(err, os.ErrProcessDone)
}

func niceHint(err error) error {
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		return fmt.Errorf("to go before others needs a privilege (root, CAP_SYS_NICE, ulimit -e): %w", err)
	}
	return err
}

// ownCgroup puts the child into a cgroup of its own and reports whether that worked. If not, watchMemory still keeps the limit.
func (c *Child) ownCgroup(limit int64) bool {
	g, err := newCgroup(limit)
	if err == nil {
		if err = c.popen.WithPid(g.Add); err == nil {
			c.fence.cgroup = g
			return true
		}
		g.Remove()
	}
	step("%s (pid %d) has no cgroup: %v", c.name, c.Pid(), err)
	return false
}

// Tests replace these to simulate systems without cgroups or without a measure of memory.
var (
	newCgroup = sys.NewCgroup
	memoryOf  = (*popen.Process).Memory
)

// watchMemory looks at the child's memory again after the time in which the child could reach its limit at the rate fastest.
// A kernel hands out some GiB a second; under a faster one, the child may be beyond its limit for a moment longer.
const (
	fastest      = 8 << 30 // bytes a second
	rarestLook   = 50 * time.Millisecond
	frequentLook = time.Millisecond
)

// watchMemory kills the child when it has more memory than its limit.
func (c *Child) watchMemory(limit int64, memoryOf func(*popen.Process) (int64, error)) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-c.popen.Done():
			return
		case <-timer.C:
		}
		used, err := memoryOf(c.popen)
		switch {
		case gone(err):
			return
		case err == nil && used > limit:
			c.KillFor(&memoryError{used: used, limit: limit})
			return
		case err != nil: // such as too many open files for a moment: look again soon
			used = limit
		}
		timer.Reset(nextLook(limit - used))
	}
}

// nextLook is the time until the next look at a child that is left bytes below its limit.
func nextLook(left int64) time.Duration {
	return min(max(time.Duration(float64(left)/fastest*float64(time.Second)), frequentLook), rarestLook)
}

// autopsy finds out, once the child has ended, whether the kernel killed it for want of memory, and removes its cgroup.
// It runs before Done is closed.
func (c *Child) autopsy() {
	f := &c.fence
	if c.popen.ExitCode() == -int(syscall.SIGKILL) && !c.popen.Killed() {
		found := false
		if f.cgroup == nil {
			found = sharedKills.claim(f.before)
		} else if n, err := f.cgroup.OOMKills(); err == nil {
			found = n > 0
		}
		if found {
			f.oom = &memoryError{used: c.popen.Usage().PeakRSS, kernel: true}
			if f.cgroup != nil {
				f.oom.limit = f.applied.Memory
			}
		}
	}
	if f.cgroup != nil && f.cgroup.Remove() == nil {
		f.cgroup = nil
	}
}

// removeCgroup retries for a second, while processes that the child started are dying. They may live longer if the child ended
// by itself; then a later start removes the cgroup.
func (f *fence) removeCgroup() {
	for wait := time.Millisecond; f.cgroup != nil && wait < time.Second; wait *= 2 {
		time.Sleep(wait)
		if f.cgroup.Remove() == nil {
			f.cgroup = nil
		}
	}
}

// Limits are those that the process was started with, as far as they are in force.
func (c *Child) Limits() Applied { return c.fence.applied }
