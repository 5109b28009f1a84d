package sharedmem_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
)

type (
	job     struct{ Inner struct{ Name string } }
	guarded struct {
		Mu sync.Mutex
		N  int
	}
	atomics struct {
		A atomic.Int64
		B atomic.Uint32
		C [3]complex64
		D time.Duration
	}
)

func refused[T any](t *testing.T, want string) {
	t.Helper()
	a, err := sharedmem.NewArrayOf[T](1)
	if err == nil {
		a.Close()
		t.Errorf("%v was made", a)
	} else if !strings.HasSuffix(err.Error(), want) || !strings.HasPrefix(err.Error(), "mp: sharedmem.NewArrayOf[") {
		t.Errorf("\n got %v\nwant %s", err, want)
	}
}

// NewArrayOf refuses types that hold pointers, or whose memory another process could give an impossible value. The error names
// the field.
func TestPlain(t *testing.T) {
	leak.Check(t)
	refused[job](t, "sharedmem_test.job.Inner.Name is a string, which points to memory of this process: use an array, such as [32]byte")
	refused[[]int](t, "[]int is a []int, which points to memory of this process: use an array, such as [32]byte")
	refused[[2]*int](t, "[2]*int[] is a *int, which points to memory of this process")
	refused[map[int]int](t, "which points to memory of this process")
	refused[any](t, "interface {} is a interface {}, which points to memory of this process")
	refused[func()](t, "func() is a func(), which points to memory of this process")
	refused[time.Time](t, "time.Time.loc is a *time.Location, which points to memory of this process")
	refused[struct{ B [2]bool }](t, ".B[] is a bool: another process could write a byte there that is neither; use a uint8")
	refused[uintptr](t, "uintptr is a uintptr, an address in this process: use a uint64")
	refused[guarded](t, "sharedmem_test.guarded.Mu is a sync.Mutex, which works in one process only: use a synchronize.Lock beside the array")
	refused[struct{}](t, "its elements have no size")
	refused[[0]int](t, "its elements have no size")

	a, err := sharedmem.NewArrayOf[atomics](3)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if a.Slice()[2].A.Add(5) != 5 || a.Slice()[2].A.Load() != 5 {
		t.Error("the atomic does not count")
	}
}
