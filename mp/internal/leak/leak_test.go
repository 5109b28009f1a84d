package leak

import (
	"os"
	"runtime"
	"strings"
	"testing"
)

// A check that cannot fail would be worthless: each kind of leak must be seen.
func TestSeesLeaks(t *testing.T) {
	files, goroutines := descriptors(), goroutineIDs()
	stop := make(chan struct{})
	defer close(stop)
	go func() { <-stop }()
	if more := added(goroutines, goroutineIDs(), "goroutine"); len(more) != 1 {
		t.Errorf("a goroutine more is seen as %v", more)
	}
	if runtime.GOOS != "linux" {
		return
	}
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if more := added(files, descriptors(), "descriptor"); len(more) != 1 {
		t.Errorf("a descriptor more is seen as %v", more)
	}
	p, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Wait()
	if more := processes(); len(more) != 1 || !strings.HasPrefix(more[0], "child process") {
		t.Errorf("a child more is seen as %v", more)
	}
}
