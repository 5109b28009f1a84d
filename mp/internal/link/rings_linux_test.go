package link

import (
	"testing"
)

func init() {
	kinds = append(kinds, kind{"rings", rings})
}

// rings connects both ends of a link of rings in this process.
func rings(t testing.TB) (a, b Link) {
	x, y := streams(t)
	ours, err := NewShared()
	if err != nil {
		t.Fatal(err)
	}
	files, err := Dup(ours.Files())
	if err != nil {
		t.Fatal(err)
	}
	ours.CloseMemory()
	theirs, err := OpenShared(files)
	if err != nil {
		t.Fatal(err)
	}
	return NewRings(x.(*Stream), ours, true), NewRings(y.(*Stream), theirs, false)
}
