package sys

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// findGroup finds our cgroup in what kernels say of mounts and groups.
func TestFindGroup(t *testing.T) {
	const (
		hybrid = "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n" +
			"35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n" +
			"41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:4 - cgroup2 cgroup2 rw\n"
		unified   = "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"
		container = "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
		host      = "34 23 0:26 /../../.. /host/cgroup rw - cgroup2 cgroup2 rw\n" // mounted from above our namespace
	)
	for _, c := range []struct {
		name, mounts, groups string
		want                 Cgroup
		top                  string
	}{
		{"version 1", hybrid, "9:name=systemd:/\n4:cpu,memory:/user/a:b\n0::/x\n", Cgroup{"/sys/fs/cgroup/memory/user/a:b", true}, "/sys/fs/cgroup/memory"},
		{"version 2", unified, "0::/system.slice/a.service\n", Cgroup{"/sys/fs/cgroup/system.slice/a.service", false}, "/sys/fs/cgroup"},
		{"version 2, root", unified, "0::/\n", Cgroup{"/sys/fs/cgroup", false}, "/sys/fs/cgroup"},
		{"memory in version 2 of a hybrid", hybrid, "9:cpu:/\n0::/x\n", Cgroup{"/sys/fs/cgroup/unified/x", false}, "/sys/fs/cgroup/unified"},
		{"container", container, "4:memory:/docker/abc/job\n", Cgroup{"/sys/fs/cgroup/memory/job", true}, "/sys/fs/cgroup/memory"},
		{"outside of what is mounted", container, "4:memory:/docker/xyz\n", Cgroup{}, ""},
		{"outside of the namespace", unified, "0::/../other\n", Cgroup{}, ""},
		{"mounted from above the namespace", host, "0::/\n", Cgroup{}, ""},
		{"mounted from above the namespace, too", host + unified, "0::/job\n", Cgroup{"/sys/fs/cgroup/job", false}, "/sys/fs/cgroup"},
		{"no cgroups", "", "", Cgroup{}, ""},
		{"nonsense", "a - b\n - \n", "::\n:\n\n", Cgroup{}, ""},
	} {
		got, top, err := findGroup(c.mounts, c.groups)
		if got != c.want || top != c.top || (err == nil) != (c.want.dir != "") || err != nil && !errors.Is(err, ErrNoCgroup) {
			t.Errorf("%s: %v below %q, %v; want %v", c.name, got, top, err, c.want)
		}
	}
}

// find looks again after it has failed for want of descriptors.
func TestFindGroupWithoutDescriptors(t *testing.T) {
	var own ownGroup
	if err := own.find().err; err != nil {
		t.Skipf("there is none here: %v", err)
	}
	own.known.Store(nil)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: limit.Max}); err != nil {
		t.Fatal(err)
	}
	none := own.find().err
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if l := own.find(); !errors.Is(none, unix.EMFILE) || l.err != nil {
		t.Errorf("%v, and then %v, %v", none, l.group, l.err)
	}
}

// tree makes a directory that looks like a cgroup. The tests of version 2 use it, because the machine may have version 1 only.
func tree(t *testing.T, files map[string]string) Cgroup {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "unit", "main")
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return Cgroup{dir: dir}
}

func contents(t *testing.T, g Cgroup, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(g.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestVersion2(t *testing.T) {
	g := tree(t, map[string]string{
		"memory.max": "", "memory.swap.max": "", "memory.oom.group": "", "cgroup.procs": "",
		"memory.events":       "low 0\nhigh 0\nmax 7\noom 9\noom_kill 9\noom_group_kill 1\n",
		"memory.events.local": "low 0\nhigh 0\nmax 4\noom 2\noom_kill 3\n",
	})
	if err := g.bound(64 << 20); err != nil {
		t.Fatal(err)
	}
	if err := g.Add(4711); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"memory.max": "67108864", "memory.swap.max": "0", "memory.oom.group": "1", "cgroup.procs": "4711"} {
		if got := contents(t, g, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if n, err := g.OOMKills(); n != 3 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	os.Remove(filepath.Join(g.dir, "memory.events.local")) // before Linux 5.2
	if n, err := g.OOMKills(); n != 9 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	os.Remove(filepath.Join(g.dir, "memory.events")) // the root has none
	if _, err := g.OOMKills(); err == nil {
		t.Error("kills are counted where there is no count")
	}
	for _, name := range []string{"memory.swap.max", "memory.oom.group"} { // a kernel without swap; an old one
		os.Remove(filepath.Join(g.dir, name))
	}
	if err := g.bound(1 << 30); err != nil || contents(t, g, "memory.max") != "1073741824" {
		t.Errorf("%v, %q", err, contents(t, g, "memory.max"))
	}
	os.Remove(filepath.Join(g.dir, "memory.max"))
	if err := g.bound(1 << 30); err == nil {
		t.Error("a cgroup without a limit is good enough")
	}
}

// newCgroup removes a cgroup that it cannot bound.
func TestUnboundedIsRemoved(t *testing.T) {
	g := Cgroup{dir: t.TempDir()}
	if made, err := newCgroup(g, 1<<30); err == nil {
		t.Fatalf("%v is a cgroup", made)
	}
	if left, _ := os.ReadDir(g.dir); len(left) != 0 || len(cgroups.live) != 0 {
		t.Errorf("%v and %v are left", left, cgroups.live)
	}
}

func TestDivisible(t *testing.T) {
	const with, without = "cpu memory pids\n", "cpu pids\n"
	for _, c := range []struct {
		name, own, above, delegate string
		want                       string // relative to our own
	}{
		{"the root", with, "", "", "."},
		{"an ordinary unit", "", with, "", ""},
		{"a delegated unit", "", with, "1", ".."},
		{"delegated without memory", "", without, "1", ""},
		{"not delegated", without, with, "0", ""},
	} {
		g := tree(t, map[string]string{"cgroup.subtree_control": c.own, "../cgroup.subtree_control": c.above})
		if c.delegate != "" {
			if err := unix.Setxattr(filepath.Dir(g.dir), "user.delegate", []byte(c.delegate), 0); err != nil {
				t.Logf("%s: extended attributes are not to be had here: %v", c.name, err)
				continue
			}
		}
		got, err := g.divisible()
		want := Cgroup{}
		if c.want != "" {
			want.dir = filepath.Join(g.dir, c.want)
		}
		if got != want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %v, %v; want %v", c.name, got, err, want)
		}
	}
	flat := tree(t, map[string]string{"memory.use_hierarchy": "0\n"})
	flat.v1 = true
	if _, err := flat.divisible(); !errors.Is(err, ErrNoCgroup) {
		t.Errorf("a cgroup that does not bound those below it is divided: %v", err)
	}
}

// sweep removes what killed parents have left, and what this process could not remove earlier, and nothing else.
func TestSweep(t *testing.T) {
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	g := Cgroup{dir: t.TempDir()}
	name := func(pid, n int) string { return fmt.Sprintf("mp-%d-%d", pid, n) }
	gone, alive, live := name(dead.Process.Pid, 1), name(os.Getppid(), 1), name(os.Getpid(), 1<<30)
	for _, dir := range []string{
		gone + "/mp-5-1", alive, live, "mp-x-1", "other",
		name(dead.Process.Pid, 2) + "/busy", name(os.Getpid(), 1<<30+1),
	} {
		if err := os.MkdirAll(filepath.Join(g.dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	busy := filepath.Join(g.dir, name(dead.Process.Pid, 2))
	if err := os.WriteFile(filepath.Join(busy, "busy", "process"), nil, 0o644); err != nil { // so that it cannot be removed
		t.Fatal(err)
	}
	cgroups.Lock()
	cgroups.live[filepath.Join(g.dir, live)] = true
	g.sweep()
	delete(cgroups.live, filepath.Join(g.dir, live))
	cgroups.Unlock()
	left, _ := os.ReadDir(g.dir)
	got := make(map[string]bool)
	for _, e := range left {
		got[e.Name()] = true
	}
	if len(got) != 5 || !got[alive] || !got[live] || !got["mp-x-1"] || !got["other"] || !got[filepath.Base(busy)] {
		t.Errorf("%v are left", got)
	}
}

// Remove fails while a real cgroup is in use. The next NewCgroup removes it.
func TestRealCgroup(t *testing.T) {
	g, err := NewCgroup(32 << 20)
	if err != nil {
		t.Skipf("no cgroup can be had here: %v", err)
	}
	sleeper := exec.Command("sleep", "1000")
	if err := sleeper.Start(); err != nil {
		t.Fatal(err)
	}
	if err := g.Add(sleeper.Process.Pid); err != nil {
		t.Error(err)
	}
	if err := g.Remove(); !errors.Is(err, unix.EBUSY) {
		t.Errorf("one that is in use is removed: %v", err)
	}
	if n, err := g.OOMKills(); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	sleeper.Process.Kill()
	sleeper.Wait()
	if err := g.Add(sleeper.Process.Pid); !errors.Is(err, unix.ESRCH) {
		t.Errorf("a process that is gone is added: %v", err)
	}
	other, err := NewCgroup(32 << 20) // which sweeps
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(g.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was given up is still there: %v", err)
	}
	if err := other.Remove(); err != nil {
		t.Error(err)
	}
	if err := other.Remove(); err != nil {
		t.Errorf("a second Remove: %v", err)
	}
}
