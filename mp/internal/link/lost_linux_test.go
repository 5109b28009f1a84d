package link

import (
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// A slab whose descriptor was lost on the way says nothing of our own.
func TestLostSlab(t *testing.T) {
	leak.Check(t)
	a, b := rings(t)
	defer a.Close()
	defer b.Close()
	ours := &a.(*Rings).slabs.lent[0].ready
	ours.Store(true)
	a.(*Rings).heedSlab(Msg{Kind: 0, Lost: true})
	if !ours.Load() {
		t.Error("our slab is not used any more")
	}
	ours.Store(false)
}
