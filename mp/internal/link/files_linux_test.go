package link

import (
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// socketOf is the socket of a link.
func socketOf(l Link) Conn {
	if r, ok := l.(*Rings); ok {
		return r.stream.conn
	}
	return l.(*Stream).conn
}

// A peer cannot fill this process with files that no message has announced, even if no goroutine receives.
func TestUnannouncedFiles(t *testing.T) {
	message := appendHeader(nil, header{kind: 5, flags: flagUrgent})
	for what, test := range map[string]struct {
		first, every []byte // without and with files
		want         error
	}{
		"within a body":     {appendHeader(nil, header{kind: 5, length: 1000}), []byte{0}, errCorrupt},
		"within a large":    {appendHeader(nil, header{kind: 5, length: 1 << 20}), []byte{0}, errCorrupt},
		"with each message": {nil, message, nil},
		"across messages":   {message[:1], append(message[1:], message[0]), errCorrupt},
	} {
		for name, connect := range map[string]func(testing.TB) (a, b Link){"stream": streams, "rings": rings} {
			t.Run(what+"/"+name, func(t *testing.T) {
				leak.Check(t)
				a, b := connect(t)
				defer b.Close()
				defer a.Close()
				peer, files := socketOf(b), leak.NullFiles(t, sys.FilesPerByte)
				before := leak.OpenFiles(t)
				var heeded atomic.Int32
				ended := make(chan error, 1)
				a.Heed(func(m Msg, end error) {
					m.Release()
					if end != nil {
						ended <- end
					} else {
						heeded.Add(1)
					}
				})
				if err := peer.Write([][]byte{slices.Clone(test.first)}, nil); err != nil {
					t.Fatal(err)
				}
				var end error
				for i := 0; i < 40 && end == nil; i++ {
					if err := peer.Write([][]byte{slices.Clone(test.every)}, files); err != nil {
						t.Fatal(err)
					}
					for began := time.Now(); end == nil && heeded.Load() <= int32(i) && leak.OpenFiles(t)-before <= i*sys.FilesPerByte; {
						select {
						case end = <-ended:
						default:
							runtime.Gosched()
						}
						if time.Since(began) > 10*time.Second {
							t.Fatal("the link has neither taken what came nor ended")
						}
					}
					if n := leak.OpenFiles(t) - before; n > MaxFiles+2*sys.FilesPerByte {
						t.Fatalf("%d files are open after %d times", n, i+1)
					}
				}
				if n := leak.OpenFiles(t) - before; !errors.Is(end, test.want) || n > 0 {
					t.Errorf("%v, and %d files are open still", end, n)
				}
			})
		}
	}
}

// A link closes the files of a message that it does not take, even if the message ends the link.
func TestFilesOfNoUse(t *testing.T) {
	for name, flags := range map[string]byte{"urged": flagUrgent, "about a slab": flagUrgent | flagSlab} {
		t.Run(name, func(t *testing.T) {
			leak.Check(t)
			files := leak.NullFiles(t, sys.FilesPerByte)
			before := leak.OpenFiles(t)
			a, b := streams(t)
			ended := make(chan error)
			a.Heed(func(m Msg, end error) {
				if m.Release(); end != nil {
					ended <- end
				}
			})
			if err := socketOf(b).Write([][]byte{appendHeader(nil, header{kind: 5, flags: flags, files: len(files)})}, files); err != nil {
				t.Fatal(err)
			}
			b.Close()
			if end := <-ended; !errors.Is(end, errCorrupt) {
				t.Error(end)
			}
			a.Close()
			if n := leak.OpenFiles(t) - before; n > 0 {
				t.Errorf("%d files are open still", n)
			}
		})
	}
}
