package share_test

import (
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// An owner closes the descriptor of the words that it shares with its clients when its last object is dropped, and does not leave it
// to the garbage collector.
func TestPageIsClosed(t *testing.T) {
	leak.CheckUncollected(t)
	b := newBox()
	if err := b.ref.Publish(); err != nil {
		t.Fatal(err)
	}
	b.ref.Drop()
}
