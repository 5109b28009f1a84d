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

// When the owner wants no shared memory, or no link at all, the files of what was offered are closed at once, and not when the
// collector comes by.
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

// memories is how many files of memory are open here.
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
