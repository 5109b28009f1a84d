package link

import (
	"errors"
	"os"
	"runtime/debug"
	"sync"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// An end that receives nothing any more leaves no file open, not even that of a message that is sent just then.
func TestDrop(t *testing.T) {
	gc := debug.SetGCPercent(-1) // it would close what is left
	t.Cleanup(func() { debug.SetGCPercent(gc) })
	leak.Check(t)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	m := Msg{Files: []*os.File{null}}
	for range 500 {
		a, b := NewInProcess()
		if err := a.Send(m); err != nil {
			t.Fatal(err)
		}
		var both sync.WaitGroup
		both.Go(b.Drop)
		both.Go(func() {
			for a.Send(m) == nil {
			}
		})
		both.Wait()
		if err := a.Send(m); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	}
}
