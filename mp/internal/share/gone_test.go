package share_test

import (
	"errors"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// mourner is a Watcher that notes that its object is gone.
type mourner struct{ gone chan struct{} }

func newMourner() share.Watcher { return mourner{make(chan struct{}, 2)} }

func (m mourner) Event(told link.Msg) { told.Release() }
func (m mourner) Gone()               { m.gone <- struct{}{} }

// Gone is called when the Watcher's object is dropped, or with the first answer if it was dropped before. Afterwards Watch fails,
// because a new Watcher would never hear of that.
func TestWatcherOfWhatIsGone(t *testing.T) {
	for name, before := range map[string]bool{"it goes": false, "it went before": true} {
		t.Run(name, func(t *testing.T) {
			leak.Check(t)
			b, other := newBox(), newBox()
			if err := errors.Join(b.ref.Publish(), other.ref.Publish()); err != nil {
				t.Fatal(err)
			}
			defer other.ref.Drop() // the link ends with the last object
			if before {
				b.ref.Drop()
			}
			ref := b.ref.Over(link.NewInProcess())
			w, err := ref.Watch(t.Context(), newMourner)
			if err != nil {
				t.Fatal(err)
			}
			if err := (&Box{ref}).give(t.Context(), "x"); before != errors.Is(err, share.ErrGone) {
				t.Error(err)
			}
			b.ref.Drop()
			select {
			case <-w.(mourner).gone:
			case <-time.After(5 * time.Second):
				t.Error("it did not hear of that")
			}
			if again, err := ref.Watch(t.Context(), newMourner); !errors.Is(err, share.ErrGone) {
				t.Error(again, err)
			}
		})
	}
}
