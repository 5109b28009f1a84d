package leak

import (
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// An open bell is a leak. It is an eventfd, like the descriptor that wakes the runtime's poller, which is no leak.
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
