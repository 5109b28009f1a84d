package conn

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// socketEnds is rawEnds over a socket, and returns the socket of the first end.
func socketEnds(t *testing.T) (*sys.Conn, *Conn) {
	peer, b := rawEnds(t, "socket")
	return peer.(*frames).stream.(*sys.Conn), b
}

// A peer cannot fill this process with files that no message has announced.
func TestUnannouncedFiles(t *testing.T) {
	const most = mostFiles + 2*sys.FilesPerByte
	for what, test := range map[string]struct {
		first, every []byte // without and with files
		most         int
	}{
		"within the head":    {[]byte{0, 0x10, 0, 0}, []byte{0}, most},
		"within a body":      {append([]byte{0, 0x10, 0, 0}, make([]byte, 100)...), []byte{0}, 2 * sys.FilesPerByte},
		"between messages":   {[]byte{0}, []byte{0, 0, 0, 0}, most},
		"between the bodies": {[]byte{0, 0, 0, 1, 'x', 0}, []byte{0, 0, 1, 'x', 0}, most},
	} {
		t.Run(what, func(t *testing.T) {
			leak.Check(t)
			peer, c := socketEnds(t)
			files := leak.NullFiles(t, sys.FilesPerByte)
			if err := peer.Write([][]byte{test.first}, nil); err != nil {
				t.Fatal(err)
			}
			_, _ = c.RecvBytes(endedCtx)
			before := leak.OpenFiles(t)
			var err error
			for i := 0; i < 40 && !errors.Is(err, ErrCorrupt); i++ {
				if err := peer.Write([][]byte{slices.Clone(test.every)}, files); err != nil {
					t.Fatal(err)
				}
				if _, err = c.RecvBytes(endedCtx); err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, ErrCorrupt) {
					t.Fatal(err)
				}
				if n := leak.OpenFiles(t) - before; n > test.most {
					t.Fatalf("%d files are open after %d times", n, i+1)
				}
			}
			if n := leak.OpenFiles(t) - before; !errors.Is(err, ErrCorrupt) || n > 0 {
				t.Errorf("%v, and %d files are open still", err, n)
			}
		})
	}
}

// Over shared memory, files that a message brings beyond those that it announces are closed.
func TestUnannouncedFilesOfRings(t *testing.T) {
	leak.Check(t)
	peer, c := ringsEnds(t)
	files := leak.NullFiles(t, sys.FilesPerByte)
	if _, err := c.Poll(0); err != nil {
		t.Fatal(err)
	}
	before := leak.OpenFiles(t)
	h := make([]byte, ringsHead)
	h[0] = byte(kindFiles)
	binary.LittleEndian.PutUint32(h[4:], 1)
	for i := range 10 {
		if err := errors.Join(peer.conn.Write([][]byte{{0}}, files), peer.write(t.Context(), h, nil)); err != nil {
			t.Fatal(err)
		}
		got, err := c.RecvHandle(endedCtx)
		if len(got) != 1 || err != nil {
			t.Fatalf("%d files, %v", len(got), err)
		}
		got[0].Close()
		if n := leak.OpenFiles(t) - before; n > 0 {
			t.Fatalf("%d files are open after %d messages", n, i+1)
		}
	}
}

// When Poll meets files that no message has announced, the next receive returns the error.
func TestPollMeetsUnannouncedFiles(t *testing.T) {
	leak.Check(t)
	peer, c := socketEnds(t)
	files := leak.NullFiles(t, sys.FilesPerByte)
	if err := peer.Write([][]byte{{0, 0x10, 0, 0}}, nil); err != nil {
		t.Fatal(err)
	}
	for ready := false; !ready; {
		err := peer.Write([][]byte{{0}}, files)
		if err == nil {
			ready, err = c.Poll(0)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.RecvBytes(endedCtx); !errors.Is(err, ErrCorrupt) {
		t.Error(err)
	}
}

// A message of numbers that brings files is ErrCorrupt, because no receiver would close them.
func TestFilesOfNumbers(t *testing.T) {
	typ, err := wire.TypeOf(reflect.TypeFor[[]float64]())
	if err != nil {
		t.Fatal(err)
	}
	for _, how := range []string{"", "socket"} {
		t.Run("MP_TRANSPORT="+how, func(t *testing.T) {
			leak.Check(t)
			peer, c := rawEnds(t, how)
			if _, err := peer.send(t.Context(), head{kindMemory, typ.Sum(), 1, 8}, make([]byte, 8), leak.NullFiles(t, sys.FilesPerByte)[:1]); err != nil {
				t.Fatal(err)
			}
			var got []float64
			if err := c.Recv(t.Context(), &got); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

// However many messages with files wait to be received, each has its own.
func TestFilesOfManyMessages(t *testing.T) {
	for _, transport := range []string{"", "socket"} {
		t.Run("MP_TRANSPORT="+transport, func(t *testing.T) {
			leak.Check(t)
			t.Setenv("MP_TRANSPORT", transport)
			a, b, err := Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			defer b.Close()
			counts := []int{1, 253, 3, 254, 0, 700, 506, 1, 1, 2}
			dir := t.TempDir()
			for i, n := range counts {
				f, err := os.Create(filepath.Join(dir, fmt.Sprint(i)))
				if err != nil {
					t.Fatal(err)
				}
				err = errors.Join(a.SendHandle(t.Context(), slices.Repeat([]*os.File{f}, n)...), a.SendBytes(t.Context(), make([]byte, 10*i)))
				f.Close()
				if err != nil {
					t.Fatal(err)
				}
			}
			for i, n := range counts {
				files, err := b.RecvHandle(t.Context())
				if len(files) != n || err != nil {
					t.Fatalf("message %d: %d files, %v", i, len(files), err)
				}
				want, err := os.Stat(filepath.Join(dir, fmt.Sprint(i)))
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range files {
					if got, err := f.Stat(); err != nil || !os.SameFile(got, want) {
						t.Errorf("message %d has a file of another one: %v", i, err)
					}
					f.Close()
				}
				if p, err := b.RecvBytes(t.Context()); len(p) != 10*i || err != nil {
					t.Fatalf("bytes %d: %d of them, %v", i, len(p), err)
				}
			}
		})
	}
}
