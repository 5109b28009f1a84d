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

// That the working directory was another one in between is no leak. On Windows it is an open handle, whose number changes here.
func TestChangedDirectory(t *testing.T) {
	Check(t)
	var f *os.File
	t.Cleanup(func() { f.Close() }) // after the return to the old directory, which thus gets another number
	t.Chdir("..")
	var err error
	if f, err = os.Open(os.DevNull); err != nil { // gets the number that the old directory had
		t.Fatal(err)
	}
}

func TestMain(m *testing.M) {
	if os.Getenv("MP_TEST_STAY") != "" {
		io.Copy(io.Discard, os.Stdin)
		return
	}
	os.Exit(m.Run())
}
