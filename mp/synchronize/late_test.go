package synchronize

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// A lock or a permit that arrives just as its handle is closed is given back.
func TestCloseGivesBackWhatIsLate(t *testing.T) {
	leak.Check(t)
	l, b := must(NewLock())(t), must(NewBoundedSemaphore(1))(t)
	s := must(NewSemaphore(1))(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for _, h := range []*handle{&l.handle, &b.handle, &s.handle} {
		ours, theirs := link.NewInProcess()
		ref := h.ref.Over(ours, theirs)
		for range 100 {
			if err := h.acquire(ctx, "here"); err != nil {
				t.Fatal(err)
			}
			there := new(handle)
			there.refer(ref)
			got := make(chan error)
			go func() { got <- there.acquire(ctx, "there") }()
			until(t, func() bool { return waitsFor(h.ref.Object()) })
			go there.close()
			if _, err := h.ask("here", opRelease, nil); err != nil {
				t.Error(err)
			}
			switch err := <-got; {
			case err == nil: // the answer came before Close
				there.giveBack(answerOK)
			case !errors.Is(err, spawn.ErrClosed) || errors.Is(err, context.Canceled):
				t.Error(err)
			}
			if err := h.acquire(ctx, "here"); err != nil {
				t.Fatal(err)
			}
			if _, err := h.ask("here", opRelease, nil); err != nil {
				t.Error(err)
			}
		}
		theirs.Close()
		if err := h.close(); err != nil {
			t.Error(err)
		}
	}
}

func waitsFor(o share.Object) bool {
	o.(celled).itself().mu.Lock()
	defer o.(celled).itself().mu.Unlock()
	switch o := o.(type) {
	case *mutex:
		return len(o.waiting) > 0
	case *permits:
		return len(o.waiting) > 0
	}
	return false
}
