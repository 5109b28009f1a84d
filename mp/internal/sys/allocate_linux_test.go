package sys

import (
	"errors"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// allocate allocates all of a memory, one part after the other and each once, although signals interrupt long calls and some short
// ones. Any other error ends it. A small memory takes one call.
func TestAllocateUnderSignals(t *testing.T) {
	leak.Check(t)
	const longest, calls = 1 << 20, 100_000
	for _, size := range []int64{0, 1, 5000, longest, 64<<20 + 4097} {
		var done int64
		var n, interrupted int
		err := allocate(size, func(offset, length int64) error {
			n++
			switch {
			case n > calls:
				return errors.New("it never ends")
			case length > longest || n%10 == 2:
				interrupted++
				return unix.EINTR
			case offset != done || offset%(64<<10) != 0:
				t.Errorf("%d bytes: %d at %d, after %d", size, length, offset, done)
			}
			done += length
			return nil
		})
		if err != nil || done != size {
			t.Errorf("%d bytes: %d, %v after %d calls", size, done, err, n)
		}
		if size <= longest && n != 1 || size > longest && interrupted < 2 {
			t.Errorf("%d bytes: %d calls, %d interrupted", size, n, interrupted)
		}
	}
	var offsets []int64
	err := allocate(64<<20, func(offset, _ int64) error {
		offsets = append(offsets, offset)
		return []error{nil, unix.ENOSPC}[len(offsets)-1]
	})
	if !errors.Is(err, unix.ENOSPC) || !slices.Equal(offsets, []int64{0, 4 << 20}) {
		t.Errorf("%v, after calls at %v", err, offsets)
	}
}

// After NewMemory, the kernel has a file of the wanted size, and has allocated all its pages.
func TestAllPagesAreThere(t *testing.T) {
	leak.Check(t)
	const size = 9<<20 + 1
	f, err := NewMemory(size)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var stat unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &stat); err != nil || stat.Size != size || stat.Blocks*512 < size {
		t.Errorf("%d bytes in %d blocks, %v", stat.Size, stat.Blocks, err)
	}
}
