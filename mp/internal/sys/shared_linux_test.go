package sys_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

func newMemory(t *testing.T, size int) *os.File {
	t.Helper()
	f, err := sys.NewMemory(size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// memfd is a memory of 4096 bytes with these seals only.
func memfd(t *testing.T, seals int) *os.File {
	t.Helper()
	fd, err := unix.MemfdCreate("test", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "test")
	t.Cleanup(func() { f.Close() })
	if err := f.Truncate(4096); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, seals); err != nil {
		t.Fatal(err)
	}
	return f
}

// MapMemory maps only memory that cannot be taken away from under a mapping, and only if it has the right size.
func TestMapMemoryRefuses(t *testing.T) {
	leak.Check(t)
	regular, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer regular.Close()
	if err := regular.Truncate(4096); err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	zero, err := os.Open("/dev/zero")
	if err != nil {
		t.Fatal(err)
	}
	defer zero.Close()
	closed := newMemory(t, 4096)
	closed.Close()
	for name, f := range map[string]*os.File{
		"no seals": memfd(t, 0), "no seal against growing": memfd(t, unix.F_SEAL_SHRINK|unix.F_SEAL_SEAL),
		"no seal against shrinking": memfd(t, unix.F_SEAL_GROW|unix.F_SEAL_SEAL), "seals can be added": memfd(t, unix.F_SEAL_GROW|unix.F_SEAL_SHRINK),
		"larger": newMemory(t, 8192), "smaller": newMemory(t, 1), "a file": regular, "a pipe": r, "a device": zero, "closed": closed,
	} {
		if mem, err := sys.MapMemory(f, 4096); err == nil || mem != nil {
			t.Errorf("%s: mapped %d bytes, error %v", name, len(mem), err)
		}
	}
}

// When there is not enough memory, NewMemory's error says how much was wanted. The kernel alone would try, until it has to kill.
func TestMemoryThatIsTooLarge(t *testing.T) {
	leak.Check(t)
	for size, want := range map[int]error{0: unix.EINVAL, -1: unix.ENOMEM, math.MinInt: unix.ENOMEM, math.MaxInt: unix.ENOMEM, math.MaxInt / 4096: unix.ENOMEM} {
		if size > 0 && strconv.IntSize == 32 {
			continue // it can be had
		}
		f, err := sys.NewMemory(size)
		if f != nil || !errors.Is(err, want) || !strings.Contains(err.Error(), fmt.Sprint(size)) {
			t.Errorf("%d bytes: %v, error %v", size, f, err)
		}
	}
}

// A process that has the file can neither shrink nor grow it. It can empty the memory, and then a mapping reads zeros.
func TestMemoryIsSealed(t *testing.T) {
	leak.Check(t)
	f := newMemory(t, 8192)
	mem, err := sys.MapMemory(f, 8192)
	if err != nil {
		t.Fatal(err)
	}
	defer sys.UnmapMemory(mem)
	peer, err := os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", f.Fd()), os.O_RDWR, 0) // as another process would have it
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	_, write := peer.WriteAt([]byte{1}, 8192)
	_, seal := unix.FcntlInt(peer.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_WRITE)
	for what, err := range map[string]error{
		"shrink": peer.Truncate(4096), "shrink to nothing": peer.Truncate(0), "grow": peer.Truncate(1 << 20), "write behind the end": write,
		"allocate behind the end": unix.Fallocate(int(peer.Fd()), 0, 8192, 4096), "seal against writing": seal,
	} {
		if !errors.Is(err, unix.EPERM) {
			t.Errorf("%s: %v", what, err)
		}
	}
	copy(mem, "before")
	if err := unix.Fallocate(int(peer.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, 8192); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(mem, make([]byte, 8192)) {
		t.Errorf("the memory holds %q", bytes.Trim(mem, "\x00"))
	}
}

// BenchmarkNewMemory measures shared memory that no process maps.
func BenchmarkNewMemory(b *testing.B) {
	for _, size := range []int{4 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("%d KiB", size>>10), func(b *testing.B) {
			for b.Loop() {
				f, err := sys.NewMemory(size)
				if err != nil {
					b.Fatal(err)
				}
				f.Close()
			}
		})
	}
}
