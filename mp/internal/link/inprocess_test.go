package link

import (
	"errors"
	"os"
	"sync"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// After Drop, an end leaves no file open, not even of a message that is sent at the same time.
func TestDrop(t *testing.T) {
	leak.CheckUncollected(t)
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
