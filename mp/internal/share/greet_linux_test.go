package share

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// When the owner refuses shared memory, or the whole link, the client closes the files of the memory that it offered at once, and
// does not leave them to the garbage collector.
func TestRefusedMemoryIsClosed(t *testing.T) {
	leak.Check(t)
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	for name, kind := range map[string]link.Kind{"refused": kindWelcome, "wrong": kindWelcome + 1} {
		before := memories(t)
		a, b, err := sys.StreamPair()
		if err != nil {
			t.Fatal(err)
		}
		ours, theirs := streamOf(t, a), streamOf(t, b)
		go func() {
			m, _ := theirs.Recv()
			m.CloseFiles()
			m.Release()
			_ = theirs.Send(link.Msg{Kind: kind, Body: append(binary.LittleEndian.AppendUint32(nil, 7), 0)})
		}()
		p := newPeer(newPlace(), ownerID{}, sys.Key{})
		if err := p.greet(ours); (err == nil) != (kind == kindWelcome) {
			t.Error(name, err)
		}
		if n := memories(t); n != before {
			t.Errorf("%s: %d files of memory were left open", name, n-before)
		}
		ours.Close()
		theirs.Close()
	}
}

func streamOf(t *testing.T, f *os.File) *link.Stream {
	conn, err := sys.OpenConn(f)
	if err != nil {
		t.Fatal(err)
	}
	return link.NewStream(conn)
}

// memories counts the open memfds of this process.
func memories(t *testing.T) (n int) {
	files, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if name, _ := os.Readlink(f); strings.HasPrefix(name, "/memfd:") {
			n++
		}
	}
	return n
}
