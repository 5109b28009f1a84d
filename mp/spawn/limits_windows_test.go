package spawn_test

import (
	"context"
	"syscall"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// Priority is the priority class of the process.
var Priority = mp.Register("priority", func(context.Context, int) (uint32, error) {
	const self = ^uintptr(0)
	class, _, err := syscall.NewLazyDLL("kernel32.dll").NewProc("GetPriorityClass").Call(self)
	if class == 0 {
		return 0, err
	}
	return uint32(class), nil
})

func TestNice(t *testing.T) {
	leak.Check(t)
	for nice, want := range map[int]uint32{19: 0x40, 10: 0x40, 9: 0x4000, 0: 0x20, -1: 0x8000, -20: 0x80} {
		p, err := mp.Start(t.Context(), Priority, 0, &mp.ProcessOptions{Limits: mp.Limits{Nice: nice}})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.Result(t.Context()); got != want || err != nil || p.Limits().Nice != nice {
			t.Errorf("nice %d: class %#x, %v, %+v; want %#x", nice, got, err, p.Limits(), want)
		}
	}
}
