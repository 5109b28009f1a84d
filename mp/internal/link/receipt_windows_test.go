package link

import (
	"os"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// A child's files stay in the child until its parent fetches them, so the child must not exit before. Flush waits for that.
func TestFlushWaitsForFiles(t *testing.T) {
	leak.Check(t)
	b, a := streams(t) // a is the child's end
	defer b.Close()
	defer a.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	sender := a.(*Stream)
	for range 3 {
		for range 2 { // the receipt of the second message is also one for the first
			if err := a.Send(Msg{Files: []*os.File{null, null}}); err != nil {
				t.Fatal(err)
			}
		}
		if sender.Flushed() {
			t.Error("it is flushed before anybody has received the files")
		}
		flushed := make(chan error)
		go func() { flushed <- a.Flush() }()
		m := recv(t, b)
		m.CloseFiles()
		select {
		case <-flushed:
			t.Error("Flush has returned before the last files were received")
		case <-time.After(20 * time.Millisecond):
		}
		m = recv(t, b)
		m.CloseFiles()
		if err := <-flushed; err != nil || !sender.Flushed() {
			t.Errorf("Flush: %v", err)
		}
	}
	if err := a.Send(Msg{Files: []*os.File{null}}); err != nil {
		t.Fatal(err)
	}
	flushed := make(chan error)
	go func() { flushed <- a.Flush() }()
	a.Close() // Close does not wait for files that will not be received
	<-flushed
}
