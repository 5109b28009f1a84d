package share_test

import (
	"runtime/debug"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// An owner closes the descriptor of the words that it shares with its clients when its last object is dropped, and does not leave it
// to the garbage collector.
func TestPageIsClosed(t *testing.T) {
	percent := debug.SetGCPercent(-1)
	t.Cleanup(func() { debug.SetGCPercent(percent) }) // after the check
	leak.Check(t)
	b := newBox()
	if err := b.ref.Publish(); err != nil {
		t.Fatal(err)
	}
	b.ref.Drop()
}
