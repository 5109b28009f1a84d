package measure

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// tick is the unit of the times in /proc: 1/100 s on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// used is the CPU time of this process, of those that it has waited for, and of those below it that live.
type used struct{ own, below time.Duration }

// The living are looked up before our own time is read, and after it at the end: looking them up takes time too.
func cpuBefore() used {
	below := cpuBelow()
	return used{cpuOwn(), below}
}

func cpuSince(before used) time.Duration {
	own := cpuOwn()
	return own - before.own + cpuBelow() - before.below
}

func cpuOwn() time.Duration {
	var self, children unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &self)
	unix.Getrusage(unix.RUSAGE_CHILDREN, &children)
	return time.Duration(self.Utime.Nano() + self.Stime.Nano() + children.Utime.Nano() + children.Stime.Nano())
}

// cpuBelow: a process's own clock is exact; what its dead children have used is known by ticks only.
func cpuBelow() (sum time.Duration) {
	for _, p := range Below(os.Getpid()) {
		sum += cpuClock(p.Pid) + p.reaped
	}
	return sum
}

// cpuClock reads the CPU clock of another process; its number is made as in the kernel's posix-timers.h. It is 0 for one
// that is gone: its time is in RUSAGE_CHILDREN then.
func cpuClock(pid int) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|2), &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// Process is one that lives.
type Process struct {
	Pid    int
	parent int
	reaped time.Duration // CPU time of its children that it has waited for
}

// Below are the processes that descend from one.
func Below(pid int) (below []Process) {
	all := map[int][]Process{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		if p, ok := parseStat(name); ok {
			all[p.parent] = append(all[p.parent], p)
		}
	}
	below = all[pid]
	for i := 0; i < len(below); i++ {
		below = append(below, all[below[i].Pid]...)
	}
	return below
}

func parseStat(name string) (p Process, ok bool) {
	b, err := os.ReadFile(name)
	if err != nil {
		return p, false // it has ended since
	}
	p.Pid, _ = strconv.Atoi(string(b[:max(0, bytes.IndexByte(b, ' '))]))
	// The name in brackets may have blanks and brackets itself. Behind it: state, parent, ...; cutime and cstime are the
	// 14th and 15th there.
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(fields) < 15 {
		return p, false
	}
	number := func(i int) int { n, _ := strconv.Atoi(string(fields[i])); return n }
	p.parent = number(1)
	p.reaped = time.Duration(number(13)+number(14)) * tick
	return p, true
}

// Switches is how often a process has been switched to: each is a time that it had something to do. A thread that has ended is
// not counted.
func Switches(pid int) (n int) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	for _, name := range threads {
		n += field(name, "voluntary_ctxt_switches:") + field(name, "nonvoluntary_ctxt_switches:")
	}
	return n
}

// PSS is a process's memory in bytes, with its share of the pages that it has in common with others.
func PSS(pid int) int { return field(fmt.Sprintf("/proc/%d/smaps_rollup", pid), "Pss:") << 10 }

// RSS and PeakRSS are of this process, in bytes. ForgetPeak sets the peak to what it is now.
func RSS() int { return field("/proc/self/status", "VmRSS:") << 10 }

func PeakRSS() int { return field("/proc/self/status", "VmHWM:") << 10 }

func ForgetPeak() error { return os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

// field is the number in a line that begins with key.
func field(name, key string) int {
	b, _ := os.ReadFile(name)
	for line := range strings.Lines(string(b)) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == key {
			n, _ := strconv.Atoi(words[1])
			return n
		}
	}
	return 0
}

// busy is the time that all processors together have not been idle since the machine began.
func busy() time.Duration {
	b, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(b), "\n")
	var sum time.Duration
	for i, word := range strings.Fields(line) {
		if n, err := strconv.Atoi(word); err == nil && i != 4 && i != 5 && i < 9 { // idle, iowait; guests count as users already
			sum += time.Duration(n) * tick
		}
	}
	return sum
}
