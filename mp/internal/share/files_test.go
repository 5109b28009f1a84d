package share_test

import (
	"os"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// A process closes files that come with a message that should have none.
func TestFilesOfNoUse(t *testing.T) {
	leak.CheckUncollected(t)
	null := must2(os.Open(os.DevNull))(t)
	defer null.Close()
	files := []*os.File{null}
	b := newBox()
	ours, theirs := link.NewInProcess()
	ref := b.ref.Over(ours, theirs)
	defer b.ref.Drop()
	for range 100 {
		for _, m := range []link.Msg{{Kind: share.KindCancel, ID: 7}, {Kind: opToken}} {
			m.ID, m.Files = m.ID|share.NumberOf(ref), files
			if err := theirs.Send(m); err != nil {
				t.Fatal(err)
			}
		}
		if err := ours.Send(link.Msg{Kind: share.KindGone, ID: 99 << 32, Files: files}); err != nil {
			t.Fatal(err)
		}
	}
	given := must2(ref.Call(t.Context(), opGive, nil, files, nil))(t)
	given.Release()
	taken := must2(ref.Call(t.Context(), opTake, nil, nil, nil))(t)
	defer taken.Release()
	defer taken.CloseFiles()
	if len(taken.Files) != 1 {
		t.Errorf("a box has lost its file, or has %d", len(taken.Files))
	}
}
