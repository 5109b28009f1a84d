package link

import (
	"io"
	"os"
	"runtime"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// Close closes the files of messages that were not received: of a message without a record, whose sender was killed between the two,
// and of messages that were read ahead.
func TestCloseDropsFiles(t *testing.T) {
	for name, open := range map[string]func(testing.TB) (a, b Link){"rings": rings, "stream": streams} {
		t.Run(name, func(t *testing.T) {
			leak.Check(t)
			a, b := open(t)
			defer a.Close()
			a.Heed(func(m Msg, _ error) { m.Release() })
			b.Heed(func(m Msg, _ error) { m.Release() })
			stream, unread := b, a
			if l, ok := b.(*Rings); ok {
				stream, unread = l.stream, a.(*Rings).stream
			}
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if err := stream.Send(Msg{Kind: 16, Body: []byte("x"), Files: []*os.File{w}}); err != nil {
				t.Fatal(err)
			}
			w.Close()
			for !unread.Poll() {
				runtime.Gosched()
			}
			b.Close()
			a.Close()
			if _, err := io.ReadAll(r); err != nil { // returns when every copy of w is closed
				t.Error(err)
			}
			runtime.KeepAlive(a)
		})
	}
}
