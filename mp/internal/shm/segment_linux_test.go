package shm_test

import (
	"errors"
	"math"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

// Two mappings of a segment are the same memory, even when its file is closed. One mapping stays when the other is closed.
func TestSegment(t *testing.T) {
	leak.Check(t)
	a, err := shm.New(10000)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := shm.Open(a.File(), 10000)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if len(a.Bytes()) != 10000 || len(b.Bytes()) != 10000 || strings.Trim(string(b.Bytes()), "\x00") != "" {
		t.Error("it is not 10000 zeros")
	}
	a.CloseFile()
	a.CloseFile()
	if a.File() != nil {
		t.Error("it has a file still")
	}
	a.Bytes()[9999] = 1
	b.Bytes()[0] = 2
	if a.Bytes()[0] != 2 || b.Bytes()[9999] != 1 {
		t.Error("they are different")
	}
	a.Close()
	a.Close()
	if b.Bytes()[9999] != 1 {
		t.Error("it has gone with the first mapping")
	}
}

// Open refuses a file that is no segment of this size, and leaves the file open.
func TestSegmentOpenRefuses(t *testing.T) {
	leak.Check(t)
	a, err := shm.New(4096)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for _, size := range []int{0, -4096, 1, 4095, 4097, 8192} {
		if s, err := shm.Open(a.File(), size); err == nil {
			t.Errorf("%d bytes of 4096 are %v", size, s)
		}
	}
	if err := a.File().Truncate(8192); !errors.Is(err, syscall.EPERM) {
		t.Errorf("it could grow: %v", err)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if s, err := shm.Open(null, 0); err == nil {
		t.Errorf("%s is %v", os.DevNull, s)
	}
}

// New fails if there is not enough memory, so that no access raises a signal later.
func TestSegmentThatIsTooLarge(t *testing.T) {
	leak.Check(t)
	if strconv.IntSize == 32 {
		return // this machine may have 2 GiB
	}
	if s, err := shm.New(math.MaxInt); !errors.Is(err, syscall.ENOMEM) || !strings.Contains(err.Error(), strconv.Itoa(math.MaxInt)) {
		t.Errorf("%v, error %v", s, err)
	}
}
