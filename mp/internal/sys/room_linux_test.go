package sys

import (
	"math"
	"os"
	"path/filepath"
	"testing"
)

// What a cgroup leaves, from what its files say in either version.
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
		if got := (Cgroup{dir, c.v1}).room(); got != c.want {
			t.Errorf("%v leave %d, want %d", c.files, got, c.want)
		}
	}
	if MemoryRoom() == 0 || MemoryRoom() > allMemory() {
		t.Errorf("here there are %d bytes left", MemoryRoom())
	}
}

// What the machine can give is less than it has: what is in use already cannot be had.
func TestAvailable(t *testing.T) {
	if !available(1<<20) || available(allMemory()) {
		t.Error("of this machine's memory, not even a little is to be had, or all")
	}
	meminfo := "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    700 kB\nSwapTotal: 50 kB\nSwapFree:         30 kB\n"
	if n := freeable(meminfo); n != 730<<10 {
		t.Errorf("%d bytes", n)
	}
}
