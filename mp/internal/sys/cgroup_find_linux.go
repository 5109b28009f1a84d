package sys

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// memoryGroup returns the cgroup that counts the memory of this process. It does not notice if the process is moved to another one
// later.
func memoryGroup() (Cgroup, error) {
	l := ours.find()
	return l.group, l.err
}

var ours ownGroup

// ownGroup remembers what the files say. It does not remember that they could not be read, since that may be a passing lack of
// descriptors.
type ownGroup struct{ known atomic.Pointer[lookup] }

type lookup struct {
	group  Cgroup
	bounds []Cgroup // group, and those above it that have a limit
	err    error
}

func (o *ownGroup) find() lookup {
	if l := o.known.Load(); l != nil {
		return *l
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return lookup{err: err}
	}
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return lookup{err: err}
	}
	g, top, err := findGroup(string(mounts), string(groups))
	l := lookup{group: g, err: err}
	if err == nil {
		l.bounds = g.bounds(top)
	}
	o.known.Store(&l)
	return l
}

// findGroup finds the cgroup of this process in the contents of mountinfo and cgroup, and the top directory of its file system. A
// memory controller of version 1 excludes one of version 2.
func findGroup(mounts, groups string) (g Cgroup, top string, err error) {
	v1, v2 := "", ""
	for line := range strings.Lines(groups) { // number:controllers:path
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		switch {
		case len(fields) != 3:
		case slices.Contains(strings.Split(fields[1], ","), "memory"):
			v1 = fields[2]
		case fields[0] == "0":
			v2 = fields[2]
		}
	}
	path := v2
	if v1 != "" {
		path = v1
	}
	for line := range strings.Lines(mounts) { // id parent device root mountpoint options … - type source options
		before, after, _ := strings.Cut(line, " - ")
		place, kind := strings.Fields(before), strings.Fields(after)
		if len(place) < 5 || len(kind) < 3 {
			continue
		}
		controllers := strings.Split(kind[2], ",")
		if v1 != "" && (kind[0] != "cgroup" || !slices.Contains(controllers, "memory")) || v1 == "" && kind[0] != "cgroup2" {
			continue
		}
		outside := strings.HasPrefix(path, "/..") || strings.HasPrefix(place[3], "/..") // outside our namespace: the path is not known
		if below, err := filepath.Rel(place[3], path); err == nil && !outside && filepath.IsLocal(below) {
			return Cgroup{filepath.Join(place[4], below), v1 != ""}, filepath.Clean(place[4]), nil
		}
	}
	return Cgroup{}, "", fmt.Errorf("%w: it is not mounted here", ErrNoCgroup)
}

// OOMKills is how many processes the kernel has killed for lack of memory in the cgroup of this process, which children share.
func OOMKills() (int, error) {
	own, err := memoryGroup()
	if err != nil {
		return 0, err
	}
	return own.OOMKills()
}

// divisible returns the cgroup in which this process may make others, such that its own limits hold for them, too. In version 2 a
// cgroup with a process in it cannot have cgroups with limits in it, except for the root. So it is usually the cgroup above g, if
// systemd has delegated that to us (Delegate=memory and DelegateSubgroup= in the unit). This process changes no cgroup that it has
// not made.
func (g Cgroup) divisible() (Cgroup, error) {
	if g.v1 {
		if !g.bindsBelow() {
			return Cgroup{}, fmt.Errorf("%w: %s does not bound those below it", ErrNoCgroup, g.dir)
		}
		return g, nil
	}
	above := Cgroup{dir: filepath.Dir(g.dir)}
	switch {
	case g.dividesMemory():
		return g, nil
	case above.delegated() && above.dividesMemory():
		return above, nil
	}
	return Cgroup{}, fmt.Errorf("%w: %s cannot have others in it, and the one above is not delegated to us", ErrNoCgroup, g.dir)
}

// bindsBelow reports whether the limit of g holds for the cgroups below it, too. In version 1, before Linux 5.11, it may not.
func (g Cgroup) bindsBelow() bool {
	text, err := os.ReadFile(filepath.Join(g.dir, "memory.use_hierarchy"))
	return err != nil || strings.TrimSpace(string(text)) == "1"
}

func (g Cgroup) dividesMemory() bool {
	text, err := os.ReadFile(filepath.Join(g.dir, "cgroup.subtree_control"))
	return err == nil && slices.Contains(strings.Fields(string(text)), "memory")
}

func (g Cgroup) delegated() bool {
	var value [8]byte
	n, err := unix.Getxattr(g.dir, "user.delegate", value[:])
	return err == nil && string(value[:n]) == "1"
}
