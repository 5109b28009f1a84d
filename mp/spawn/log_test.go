package spawn

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/boot"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
)

// A goroutine that an init function has started may ask for the name of this process, or log, while the preparation data is
// being read. The race detector checks that in every child of these tests.
func init() {
	go func() {
		for boot.Inheriting() {
			Name()
			time.Sleep(50 * time.Microsecond)
		}
	}()
}

// Relay closes files that a child sends with a log record, which should have none.
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
