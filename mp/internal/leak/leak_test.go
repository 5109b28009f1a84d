package leak

import (
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// The check sees each kind of leak.
func TestSeesLeaks(t *testing.T) {
	files, goroutines := descriptors(), goroutineIDs()
	stop := make(chan struct{})
	defer close(stop)
	go func() { <-stop }()
	if more := added(goroutines, goroutineIDs(), "goroutine"); len(more) != 1 {
		t.Errorf("a goroutine more is seen as %v", more)
	}
	if runtime.GOOS != "linux" && runtime.GOOS != "windows" {
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
	child := exec.Command(os.Args[0], "-test.run=^$")
	stdin, err := child.StdinPipe() // the child stays because TestMain reads this
	if err != nil {
		t.Fatal(err)
	}
	child.Env = append(os.Environ(), "MP_TEST_STAY=1")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Wait()
	defer stdin.Close()
	if more := processes(); len(more) != 1 || !strings.HasPrefix(more[0], "child process") {
		t.Errorf("a child more is seen as %v", more)
	}
}

func TestMain(m *testing.M) {
	if os.Getenv("MP_TEST_STAY") != "" {
		io.Copy(io.Discard, os.Stdin)
		return
	}
	os.Exit(m.Run())
}
