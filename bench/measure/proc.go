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

// used is CPU time: own is that of this process and of the children that it has waited for, below that of its living
// descendants.
type used struct{ own, below time.Duration }

// cpuBefore reads the times of the descendants first, and cpuSince reads them last: so the time between has none of the CPU
// time that reading them takes.
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

// cpuBelow is the CPU time of the living descendants. That of each process itself is exact; that of children that it has
// waited for is known in ticks.
func cpuBelow() (sum time.Duration) {
	for _, p := range Below(os.Getpid()) {
		sum += cpuClock(p.Pid) + p.reaped
	}
	return sum
}

// cpuClock reads the CPU clock of another process. The number of the clock is made as in the kernel's posix-timers.h. For a
// process that is gone cpuClock returns 0: its time is in RUSAGE_CHILDREN then.
func cpuClock(pid int) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|2), &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// Process is a living process.
type Process struct {
	Pid    int
	parent int
	reaped time.Duration // CPU time of its children that it has waited for
}

// Below returns the living descendants of a process.
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
		return p, false // the process has ended since
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

// Switches counts the context switches of the living threads of a process. Each stands for a time that the thread had
// something to do.
func Switches(pid int) (n int) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	for _, name := range threads {
		n += field(name, "voluntary_ctxt_switches:") + field(name, "nonvoluntary_ctxt_switches:")
	}
	return n
}

// PSS is a process's memory in bytes, with its share of the pages that it has in common with others.
func PSS(pid int) int { return field(fmt.Sprintf("/proc/%d/smaps_rollup", pid), "Pss:") << 10 }

// RSS is the memory of this process in bytes, PeakRSS its peak. ForgetPeak sets the peak to the memory of now.
func RSS() int { return field("/proc/self/status", "VmRSS:") << 10 }

func PeakRSS() int { return field("/proc/self/status", "VmHWM:") << 10 }

func ForgetPeak() error { return os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

// field is the number in the line of a file that begins with key; 0 if there is none.
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

// busy is the time since boot that processors were not idle, summed over all of them.
func busy() time.Duration {
	b, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(b), "\n")
	var sum time.Duration
	for i, word := range strings.Fields(line) {
		if n, err := strconv.Atoi(word); err == nil && i != 4 && i != 5 && i < 9 { // 4: idle, 5: iowait; 9, 10: guests, also in user
			sum += time.Duration(n) * tick
		}
	}
	return sum
}
