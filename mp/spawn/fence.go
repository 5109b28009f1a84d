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

// fence is what keeps a child within its limits. It does not change once the child is started, but for what is found out
// when it has ended.
type fence struct {
	applied Applied
	cgroup  *sys.Cgroup  // of the child's own; nil: none
	before  int          // kills of the kernel in the cgroup that it shares with us, when it was started; −1: not known
	oom     *memoryError // the kernel has killed it for want of memory
}

// fenceIn applies the limits to the child, which waits for its preparation data: no function of the user runs before.
func (c *Child) fenceIn(l *Limits) error {
	c.fence.before = sharedKills.count()
	c.fence.applied.GOMAXPROCS = l.GOMAXPROCS // its environment says so
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

// renice gives the nice value to the child once more, when it is ready: a thread that was being made when the others got it
// has the old one.
func (c *Child) renice() {
	if c.fence.applied.Nice != 0 {
		c.popen.SetNice(c.fence.applied.Nice)
	}
}

// gone reports whether a limit could not be applied because the child has died, for which there are better words.
func gone(err error) bool {
	return errors.Is(err, syscall.ESRCH) || errors.Is(err, os.ErrProcessDone)
}

func niceHint(err error) error {
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		return fmt.Errorf("to go before others needs a privilege (root, CAP_SYS_NICE, ulimit -e): %w", err)
	}
	return err
}

// ownCgroup puts the child into a cgroup of its own, where there can be one. Nothing is lost where there cannot.
func (c *Child) ownCgroup(limit int64) bool {
	g, err := newCgroup(limit)
	if err == nil {
		if err = g.Add(c.Pid()); err == nil {
			c.fence.cgroup = g
			return true
		}
		g.Remove()
	}
	step("%s (pid %d) has no cgroup: %v", c.name, c.Pid(), err)
	return false
}

// Tests that want to do without the one or the other replace them.
var (
	newCgroup = sys.NewCgroup
	memoryOf  = (*popen.Process).Memory
)

// The child's memory is looked at again after the time in which it could reach its limit, if it took memory as fast as
// anything can. The fastest that a kernel hands out memory is some GiB a second; where that is more, the child may be beyond its
// limit for a moment longer.
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
		case err != nil: // too many open files, for a moment
			used = limit
		}
		timer.Reset(nextLook(limit - used))
	}
}

// nextLook is the time until a child with so much left must be looked at again.
func nextLook(left int64) time.Duration {
	return min(max(time.Duration(float64(left)/fastest*float64(time.Second)), frequentLook), rarestLook)
}

// autopsy looks, once the child has ended, whether the kernel has killed it for want of memory, and removes its cgroup.
// It is called before the child's end is told.
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

// removeCgroup tries again while what the child has started is dying. What still lives then is alive because the child has
// ended by itself; a later start removes the cgroup.
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
