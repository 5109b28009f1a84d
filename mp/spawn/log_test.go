package spawn

import (
	"errors"
	"os"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
)

// A record has no files. Those that a child sends with one all the same are closed.
func TestRecordWithFiles(t *testing.T) {
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	new(Child).Relay(link.Msg{Kind: KindRecord, Files: []*os.File{f}}, "")
	if err := f.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the file is open still: %v", err)
	}
}
