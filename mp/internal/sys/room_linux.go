package sys

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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
	used, known := g.number(usage)
	if !ok || !known { // as in a root, or where the limit is "max"
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
