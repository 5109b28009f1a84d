package leak

import (
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// A bell is an eventfd, as is what the runtime wakes its poller by, which is none of a test's.
func TestSeesBells(t *testing.T) {
	Check(t)
	files := descriptors()
	bell, err := sys.NewBell()
	if err != nil {
		t.Fatal(err)
	}
	defer bell.Close()
	if more := added(files, descriptors(), "descriptor"); len(more) != 1 || !strings.Contains(more[0], "eventfd") {
		t.Errorf("a bell more is seen as %v", more)
	}
}
