package sys

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Cgroup bounds the memory of one child and of what it starts. It is a directory below a cgroup of this process.
type Cgroup struct {
	dir string
	v1  bool
}

// cgroups are those that this process has made and not removed, by their directories.
var cgroups = struct {
	sync.Mutex
	count int
	live  map[string]bool
}{live: make(map[string]bool)}

// NewCgroup makes a cgroup whose processes may have limit bytes of memory, and no more in swap. It also removes cgroups that
// killed parents have left behind.
func NewCgroup(limit int64) (*Cgroup, error) {
	own, err := memoryGroup()
	if err != nil {
		return nil, err
	}
	parent, err := own.divisible()
	if err != nil {
		return nil, err
	}
	return newCgroup(parent, limit)
}

func newCgroup(parent Cgroup, limit int64) (*Cgroup, error) {
	g, err := makeGroup(parent)
	if err != nil {
		return nil, err
	}
	if err := g.bound(limit); err != nil {
		g.Remove()
		return nil, err
	}
	return g, nil
}

// makeGroup makes the directory. Its name has our process id, so that another process can remove it when this one was killed.
func makeGroup(parent Cgroup) (*Cgroup, error) {
	cgroups.Lock()
	defer cgroups.Unlock()
	parent.sweep()
	for {
		cgroups.count++
		dir := filepath.Join(parent.dir, fmt.Sprintf("mp-%d-%d", os.Getpid(), cgroups.count))
		err := os.Mkdir(dir, 0o755)
		if errors.Is(err, fs.ErrExist) {
			continue // an earlier process with our pid has left it, and it is in use
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNoCgroup, err)
		}
		cgroups.live[dir] = true
		return &Cgroup{dir, parent.v1}, nil
	}
}

// sweep removes cgroups in g that would stay otherwise: those of processes that are gone, and those that this process could not
// remove because a process in them was alive. The kernel refuses to remove one that is in use. cgroups is locked.
func (g Cgroup) sweep() {
	dirs, _ := filepath.Glob(filepath.Join(g.dir, "mp-*-*"))
	for _, dir := range dirs {
		owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), "mp-"), "-")
		pid, err := strconv.Atoi(owner)
		if err != nil || cgroups.live[dir] {
			continue
		}
		if pid == os.Getpid() || errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
			removeGroups(dir)
		}
	}
}

// bound sets the limit. Where swap is counted, it allows none: a child that swaps makes no progress, and is harder to find than a
// dead one.
func (g *Cgroup) bound(limit int64) error {
	bytes := strconv.FormatInt(limit, 10)
	if g.v1 {
		return errors.Join(
			g.write("memory.limit_in_bytes", bytes),
			optional(g.write("memory.memsw.limit_in_bytes", bytes)), // memory and swap together
			g.write("memory.oom_control", "0"),                      // kill: our own cgroup may be set to make processes wait instead
		)
	}
	return errors.Join(
		g.write("memory.max", bytes),
		optional(g.write("memory.swap.max", "0")),
		optional(g.write("memory.oom.group", "1")), // kill the child and what it started together
	)
}

// Add moves the process into the cgroup. The memory that it has used before is still counted where it was.
func (g *Cgroup) Add(pid int) error { return g.write("cgroup.procs", strconv.Itoa(pid)) }

// OOMKills is how many processes of the cgroup the kernel has killed for lack of memory.
func (g *Cgroup) OOMKills() (int, error) {
	names := []string{"memory.events.local", "memory.events"}
	if g.v1 {
		names = []string{"memory.oom_control"}
	}
	var text []byte
	var err error
	for _, name := range names {
		if text, err = os.ReadFile(filepath.Join(g.dir, name)); err == nil {
			break
		}
	}
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if count, found := strings.CutPrefix(line, "oom_kill "); found {
			return strconv.Atoi(strings.TrimSpace(count))
		}
	}
	return 0, fmt.Errorf("%s does not count kills: %w", g.dir, ErrNoCgroup)
}

// Remove removes the cgroup, and those in it that its child has made. It fails with unix.EBUSY while a process is in one of them.
func (g *Cgroup) Remove() error {
	err := removeGroups(g.dir)
	cgroups.Lock()
	defer cgroups.Unlock()
	delete(cgroups.live, g.dir)
	return err
}

// removeGroups removes directories only: the files in a cgroup are the kernel's.
func removeGroups(dir string) error {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if e.IsDir() {
			removeGroups(filepath.Join(dir, e.Name()))
		}
	}
	if err := unix.Rmdir(dir); err != nil && err != unix.ENOENT {
		return &os.PathError{Op: "rmdir", Path: dir, Err: err}
	}
	return nil
}

func (g *Cgroup) write(name, text string) error {
	f, err := os.OpenFile(filepath.Join(g.dir, name), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// optional ignores the error that a file does not exist.
func optional(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
