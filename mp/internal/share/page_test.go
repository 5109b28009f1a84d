package share_test

import (
	"runtime/debug"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// The descriptor of the words that an owner has in common with its clients is closed with its last object, and not when the
// collector has its turn.
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
