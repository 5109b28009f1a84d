package sys

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// HasRoom reports whether the machine, the cgroup of this process and those above it allow size bytes of memory more, as far as that
// can be told. A container may have less memory than the machine, and the kernel kills a process in it when it uses more.
func HasRoom(size uint64) bool { return size <= allMemory() && haveRoom(ours.find().bounds, size) }

func haveRoom(groups []Cgroup, size uint64) bool {
	for _, g := range groups {
		if !g.hasRoom(size) {
			return false
		}
	}
	return true
}

// bounds returns g and those cgroups above it, up to top, where the file system is mounted, whose limit holds for g, too. Few have a
// limit, and to look at all of them each time would double the cost of a small allocation: so a cgroup that gets its first limit
// later is missing. A cgroup that could not be read, for lack of a descriptor, is included.
func (g Cgroup) bounds(top string) []Cgroup {
	all := []Cgroup{g}
	for g.dir != top {
		g.dir = filepath.Dir(g.dir)
		switch _, err := g.limit(); {
		case errors.Is(err, errUnlimited), errors.Is(err, fs.ErrNotExist), !g.bindsBelow():
		default:
			all = append(all, g)
		}
	}
	return all
}

var errUnlimited = errors.New("no limit to speak of")

// limit is how much memory the processes of g may have.
func (g Cgroup) limit() (uint64, error) {
	name := "memory.max"
	if g.v1 {
		name = "memory.limit_in_bytes"
	}
	most, err := g.number(name)
	if errors.Is(err, strconv.ErrSyntax) || most/2 >= allMemory() { // "max", or twice what the machine has
		err = errUnlimited
	}
	return most, err
}

// hasRoom reports whether the processes of g may have size bytes more.
func (g Cgroup) hasRoom(size uint64) bool {
	usage := "memory.current"
	if g.v1 {
		usage = "memory.usage_in_bytes"
	}
	most, err := g.limit()
	if err != nil { // a root has no limit; or the cgroup is gone
		return true
	}
	used, err := g.number(usage)
	if err != nil || size <= most-min(used, most) {
		return true
	}
	used -= min(g.cached(), used)
	return size <= most-min(used, most)
}

// cached is how much of the used memory holds copies of files, which the kernel drops when it needs memory. Reading it takes longer
// than everything else in hasRoom.
func (g Cgroup) cached() uint64 {
	name := "inactive_file "
	if g.v1 {
		name = "total_inactive_file "
	}
	text, _ := os.ReadFile(filepath.Join(g.dir, "memory.stat"))
	for line := range strings.Lines(string(text)) {
		if n, found := strings.CutPrefix(line, name); found {
			bytes, _ := strconv.ParseUint(strings.TrimSpace(n), 10, 64)
			return bytes
		}
	}
	return 0
}

// number reads a file that holds one number.
func (g Cgroup) number(name string) (uint64, error) {
	text, err := os.ReadFile(filepath.Join(g.dir, name))
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
}

// allMemory is how many bytes this machine has, used or not.
func allMemory() uint64 {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return 1<<63 - 1
	}
	return (uint64(info.Totalram) + uint64(info.Totalswap)) * uint64(info.Unit)
}

// available reports whether this machine can give size bytes of memory now: memory that is free or, if that is not enough, that
// the kernel would make free.
func available(size uint64) bool {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil || size <= (uint64(info.Freeram)+uint64(info.Freeswap))*uint64(info.Unit) {
		return true
	}
	text, err := os.ReadFile("/proc/meminfo")
	return err != nil || size <= freeable(string(text))
}

// freeable is how much memory is available according to /proc/meminfo, swap included.
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
