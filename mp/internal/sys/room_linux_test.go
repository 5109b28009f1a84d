package sys

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// haveRoom finds how much a cgroup leaves in its files, in either version.
func TestRoom(t *testing.T) {
	for _, c := range []struct {
		v1    bool
		files map[string]string
		want  uint64
	}{
		{false, map[string]string{"memory.max": "1000\n", "memory.current": "700\n", "memory.stat": "anon 5\ninactive_file 100\n"}, 400},
		{false, map[string]string{"memory.max": "max\n", "memory.current": "700\n"}, math.MaxUint64},
		{false, map[string]string{"memory.max": "1000\n", "memory.current": "1200\n"}, 0},
		{false, map[string]string{"memory.stat": "inactive_file 100\n"}, math.MaxUint64},
		{true, map[string]string{"memory.limit_in_bytes": "1000\n", "memory.usage_in_bytes": "700\n", "memory.stat": "inactive_file 1\ntotal_inactive_file 900\n"}, 1000},
		{true, map[string]string{"memory.limit_in_bytes": "9223372036854771712\n", "memory.usage_in_bytes": "700\n"}, math.MaxUint64},
	} {
		dir := t.TempDir()
		for name, text := range c.files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if !leave([]Cgroup{{dir, c.v1}}, c.want) {
			t.Errorf("%v do not leave %d", c.files, c.want)
		}
	}
	if !HasRoom(1) || HasRoom(allMemory()+1) {
		t.Error("here there is no room, or more than the machine has")
	}
}

// leave reports whether the groups leave exactly room bytes.
func leave(groups []Cgroup, room uint64) bool {
	return haveRoom(groups, room) && (room == math.MaxUint64 || !haveRoom(groups, room+1))
}

// Cgroups above count as well, up to the mount point of their file system, except those that have no limit or do not bind those below
// them. levels begins at the mount point.
func TestRoomAbove(t *testing.T) {
	leak.Check(t)
	type files = map[string]string
	v2 := func(limit, used string) files {
		return files{"memory.max": limit + "\n", "memory.current": used + "\n"}
	}
	v1 := func(limit, used, binds string) files {
		return files{"memory.limit_in_bytes": limit + "\n", "memory.usage_in_bytes": used + "\n", "memory.use_hierarchy": binds + "\n"}
	}
	cached := v2("1000", "700")
	cached["memory.stat"] = "inactive_file 100\n"
	const none = "9223372036854771712"
	for _, c := range []struct {
		name   string
		v1     bool
		levels []files
		want   uint64
		bounds int
	}{
		{"no limit but above", false, []files{{}, v2("1000", "700"), v2("max", "600")}, 300, 2},
		{"less above", false, []files{{}, v2("1000", "700"), v2("900", "100")}, 300, 2},
		{"less below", false, []files{{}, v2("1000", "700"), v2("500", "400")}, 100, 2},
		{"less at the mount point, as in a container", false, []files{v2("1000", "950"), v2("max", "900"), v2("800", "600"), v2("max", "0")}, 50, 3},
		{"copies of files above", false, []files{{}, cached, v2("max", "600")}, 400, 2},
		{"no limit", false, []files{{}, v2("max", "700"), v2("max", "600")}, math.MaxUint64, 1},
		{"the mount point alone", false, []files{v2("1000", "700")}, 300, 1},
		{"version 1", true, []files{v1(none, "5000", "1"), v1("1000", "700", "1"), v1(none, "600", "1")}, 300, 2},
		{"version 1, the mount point binds nobody below", true, []files{v1("100", "90", "0"), v1("1000", "700", "1"), v1("2000", "600", "1")}, 300, 2},
		{"version 1, nobody binds", true, []files{v1(none, "90", "0"), v1("1000", "700", "0"), v1("500", "400", "0")}, 100, 1},
	} {
		outside := t.TempDir()
		top := filepath.Join(outside, "mount")
		write := func(dir string, level files) {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			for name, text := range level {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		write(outside, v1("1", "1", "1"))
		write(outside, v2("1", "1"))
		var dir string
		for i, level := range c.levels {
			dir = top + strings.Repeat("/below", i)
			write(dir, level)
		}
		bounds := Cgroup{dir, c.v1}.bounds(top)
		if !leave(bounds, c.want) || len(bounds) != c.bounds {
			t.Errorf("%s: %v do not leave %d, or are not %d", c.name, bounds, c.want, c.bounds)
		}
		if err := os.RemoveAll(top); err != nil {
			t.Fatal(err)
		}
		if !leave(bounds, math.MaxUint64) {
			t.Errorf("%s: what is gone has a limit", c.name)
		}
	}
}

// A limit that could not be read for want of descriptors is read later.
func TestRoomWithoutDescriptors(t *testing.T) {
	leak.Check(t)
	g := tree(t, map[string]string{"memory.max": "max", "../memory.max": "1000", "../memory.current": "700"})
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: limit.Max}); err != nil {
		t.Fatal(err)
	}
	bounds := g.bounds(filepath.Dir(g.dir))
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if !leave(bounds, 300) {
		t.Errorf("%v do not leave 300", bounds)
	}
}

// HasRoom keeps to the limit of a cgroup above the process's own, which has none.
func TestRoomOfProcess(t *testing.T) {
	leak.Check(t)
	const most = 256 << 20
	if os.Getenv("MP_TEST_ROOM") != "" {
		io.Copy(io.Discard, os.Stdin) // until the parent has moved this process
		fmt.Println(HasRoom(1), HasRoom(most))
		return
	}
	g, err := NewCgroup(most)
	if err != nil {
		t.Skipf("no cgroup can be had here: %v", err)
	}
	below := Cgroup{filepath.Join(g.dir, "below"), g.v1}
	if err := os.Mkdir(below.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestRoomOfProcess$")
	child.Env = append(os.Environ(), "MP_TEST_ROOM=1")
	var out strings.Builder
	child.Stdout, child.Stderr = &out, os.Stderr
	start, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	moved := below.Add(child.Process.Pid)
	start.Close()
	if err := errors.Join(moved, child.Wait(), g.Remove()); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "true false\n") {
		t.Errorf("for one byte, and for as many as there may be: %s", out.String())
	}
}

// available counts only memory that is free or can be freed, not all that the machine has.
func TestAvailable(t *testing.T) {
	if !available(1<<20) || available(allMemory()) {
		t.Error("of this machine's memory, not even a little is to be had, or all")
	}
	meminfo := "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    700 kB\nSwapTotal: 50 kB\nSwapFree:         30 kB\n"
	if n := freeable(meminfo); n != 730<<10 {
		t.Errorf("%d bytes", n)
	}
}
