package sys

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// MemoryRoom is how many bytes of memory this process and those that share its cgroup may still have, as far as that can be
// told: in a container, where the kernel kills somebody when it wants more, less than the machine has.
func MemoryRoom() uint64 {
	room := allMemory()
	if g, err := memoryGroup(); err == nil {
		room = min(room, g.room())
	}
	return room
}

// room is how much memory its processes may still have. What is a copy of files goes when there is need.
func (g Cgroup) room() uint64 {
	limit, usage, cache := "memory.max", "memory.current", "inactive_file "
	if g.v1 {
		limit, usage, cache = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "
	}
	most, ok := g.number(limit)
	if !ok || most/2 >= allMemory() { // as in a root, or no limit to speak of: twice what the machine has
		return math.MaxUint64
	}
	used, known := g.number(usage)
	if !known {
		return math.MaxUint64
	}
	text, _ := os.ReadFile(filepath.Join(g.dir, "memory.stat"))
	for line := range strings.Lines(string(text)) {
		if n, found := strings.CutPrefix(line, cache); found {
			cached, _ := strconv.ParseUint(strings.TrimSpace(n), 10, 64)
			used -= min(cached, used)
		}
	}
	return most - min(used, most)
}

// number reads a file that holds one.
func (g Cgroup) number(name string) (n uint64, ok bool) {
	text, err := os.ReadFile(filepath.Join(g.dir, name))
	if err != nil {
		return 0, false
	}
	n, err = strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	return n, err == nil
}

// allMemory is how many bytes this machine has, used or not.
func allMemory() uint64 {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return 1<<63 - 1
	}
	return (uint64(info.Totalram) + uint64(info.Totalswap)) * uint64(info.Unit)
}

// available reports whether this machine can give that much memory now: what is free, and, if that is not enough, what the
// kernel would make free.
func available(size uint64) bool {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil || size <= (uint64(info.Freeram)+uint64(info.Freeswap))*uint64(info.Unit) {
		return true
	}
	text, err := os.ReadFile("/proc/meminfo")
	return err != nil || size <= freeable(string(text))
}

// freeable is what a meminfo says is to be had, swap included.
func freeable(meminfo string) (bytes uint64) {
	for line := range strings.Lines(meminfo) {
		name, value, _ := strings.Cut(line, ":")
		if name == "MemAvailable" || name == "SwapFree" {
			kib, _ := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			bytes += kib << 10
		}
	}
	return bytes
}
