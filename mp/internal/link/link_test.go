package link

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// kind is a kind of link. The same tests run over each.
type kind struct {
	name string
	make func(t testing.TB) (a, b Link)
}

var kinds = []kind{
	{"stream", streams},
	{"memory", func(testing.TB) (a, b Link) { return NewInProcess() }},
}

func everyKind(t *testing.T, test func(t *testing.T, a, b Link)) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			leak.Check(t)
			a, b := k.make(t)
			defer b.Close()
			defer a.Close()
			a.Heed(func(Msg, error) {})
			b.Heed(func(Msg, error) {})
			test(t, a, b)
		})
	}
}

// streams connects both ends of a socket pair in this process.
func streams(t testing.TB) (a, b Link) {
	ours, end, err := sys.ConnPair()
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := sys.NewConn(own(t, end))
	if err != nil {
		t.Fatal(err)
	}
	if err := ours.Connect(os.Getpid()); err != nil {
		t.Fatal(err)
	}
	return NewStream(ours), NewStream(theirs)
}

func recv(t testing.TB, l Link) Msg {
	t.Helper()
	m, err := l.Recv()
	if err != nil {
		t.Fatalf("Recv: %v", err)
	}
	return m
}

// Messages arrive whole and in order, with bodies of all sizes, and around the sizes from which a link sends them another way.
func TestMessagesArriveWholeAndInOrder(t *testing.T) {
	everyKind(t, func(t *testing.T, a, b Link) {
		sizes := []int{
			0, 1, 23, 24, 25, coalesceLimit - 1, coalesceLimit, coalesceLimit + 1,
			blockSize - headerSize - 1, blockSize - headerSize, blockSize - headerSize + 1, blockSize, 1 << 20, 5<<20 + 3, 0, 7,
		}
		go func() {
			for i, n := range sizes {
				if err := a.Send(Msg{Kind: Kind(i), ID: uint64(i) << 40, Body: pattern(i, n)}); err != nil {
					t.Errorf("Send: %v", err)
				}
			}
		}()
		for i, n := range sizes {
			m := recv(t, b)
			if m.Kind != Kind(i) || m.ID != uint64(i)<<40 || !bytes.Equal(m.Body, pattern(i, n)) {
				t.Fatalf("message %d of %d bytes arrived as kind %d, id %d, %d bytes", i, n, m.Kind, m.ID, len(m.Body))
			}
			m.Release()
		}
	})
}

func pattern(seed, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(seed + i*7 + i>>8)
	}
	return b
}

// A body is the receiver's until its Release, whatever arrives meanwhile.
func TestBorrowedBodiesKeep(t *testing.T) {
	everyKind(t, func(t *testing.T, a, b Link) {
		const n = 50
		go func() {
			for i := range 2 * n {
				a.Send(Msg{ID: uint64(i), Body: pattern(i, 3000+i)})
			}
		}()
		var held []Msg
		for range n {
			held = append(held, recv(t, b))
		}
		for i := range n { // the other half, released at once, may reuse memory
			m := recv(t, b)
			if !bytes.Equal(m.Body, pattern(n+i, 3000+n+i)) {
				t.Fatalf("message %d is damaged", n+i)
			}
			m.Release()
			m.Release() // twice is harmless
		}
		for i := range held {
			if !bytes.Equal(held[i].Body, pattern(i, 3000+i)) {
				t.Errorf("message %d changed while it was held", i)
			}
			held[i].Release()
		}
	})
}

// When many goroutines send at once, in both directions, the messages of each arrive in order, and none is lost.
func TestManySendersBothWays(t *testing.T) {
	everyKind(t, func(t *testing.T, a, b Link) {
		const senders, each = 8, 300
		var wg sync.WaitGroup
		for _, ends := range [][2]Link{{a, b}, {b, a}} {
			for s := range senders {
				wg.Go(func() {
					rng := rand.New(rand.NewPCG(uint64(s), 1))
					for i := range each {
						body := make([]byte, 32+rng.IntN(40_000))
						for j := 32; j < len(body); j += 512 {
							body[j] = byte(rng.Uint32())
						}
						sum := sha256.Sum256(body[32:])
						copy(body, sum[:])
						send := ends[0].Send
						if i%3 == 0 {
							send = ends[0].Post
						}
						if err := send(Msg{Kind: Kind(s), ID: uint64(i), Body: body}); err != nil {
							t.Errorf("send: %v", err)
						}
					}
					ends[0].Flush()
				})
			}
			wg.Go(func() {
				var last [senders]int
				for range senders * each {
					m, err := ends[1].Recv()
					if err != nil {
						t.Errorf("Recv: %v", err)
						return
					}
					if sum := sha256.Sum256(m.Body[32:]); !bytes.Equal(sum[:], m.Body[:32]) {
						t.Errorf("message %d of sender %d is damaged", m.ID, m.Kind)
					}
					if int(m.ID) != last[m.Kind] {
						t.Errorf("sender %d: message %d came when %d was due", m.Kind, m.ID, last[m.Kind])
					}
					last[m.Kind]++
					m.Release()
				}
			})
		}
		wg.Wait()
	})
}

// Posted messages arrive after Flush at the latest.
func TestPostIsSeenAtFlush(t *testing.T) {
	everyKind(t, func(t *testing.T, a, b Link) {
		for i := range 50 {
			if err := a.Post(Msg{ID: uint64(i)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.Flush(); err != nil {
			t.Fatal(err)
		}
		for i := range 50 {
			if m := recv(t, b); m.ID != uint64(i) {
				t.Fatalf("message %d came as number %d", m.ID, i)
			}
		}
	})
}

// Close at one end ends both, once what was sent before has been received.
func TestCloseEndsEverything(t *testing.T) {
	everyKind(t, func(t *testing.T, a, b Link) {
		if err := a.Send(Msg{ID: 1}); err != nil {
			t.Fatal(err)
		}
		a.Flush()
		blocked := make(chan error, 1)
		go func() {
			_, err := a.Recv()
			blocked <- err
		}()
		a.Close()
		if err := <-blocked; err == nil {
			t.Error("a Recv that waits during Close returned no error")
		}
		if err := a.Send(Msg{}); !errors.Is(err, ErrClosed) {
			t.Errorf("Send after Close: %v", err)
		}
		if m := recv(t, b); m.ID != 1 {
			t.Errorf("the message before the close is %d", m.ID)
		}
		if _, err := b.Recv(); err != io.EOF {
			t.Errorf("Recv after the peer's Close: %v, want EOF", err)
		}
		if _, err := b.Recv(); err != io.EOF {
			t.Errorf("Recv once more: %v, want EOF", err)
		}
	})
}

// A sender blocks while the peer does not receive. It returns when either end closes the link.
func TestCloseFreesSenders(t *testing.T) {
	for _, which := range []string{"own", "peer"} {
		t.Run(which, func(t *testing.T) {
			everyKind(t, func(t *testing.T, a, b Link) {
				stuck := make(chan error, 4)
				for range cap(stuck) {
					go func() {
						for {
							if err := a.Send(Msg{Body: make([]byte, 10_000)}); err != nil {
								stuck <- err
								return
							}
						}
					}()
				}
				if which == "own" {
					a.Close()
				} else {
					b.Close()
				}
				for range cap(stuck) {
					<-stuck
				}
			})
		})
	}
}

// Files arrive with their message, in order, and as copies: each end closes its own.
func TestFilesTravelBeside(t *testing.T) {
	everyKind(t, func(t *testing.T, a, b Link) {
		dir := prog.TempDir(t)
		for _, n := range []int{1, 3, 0, 254, 600} {
			var files []*os.File
			for i := range n {
				f, err := os.CreateTemp(dir, "")
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprint(f, i)
				files = append(files, f)
			}
			if err := a.Send(Msg{ID: uint64(n), Body: []byte("files"), Files: files}); err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				f.Close() // Send leaves the files to the sender
			}
			m := recv(t, b)
			if m.ID != uint64(n) || len(m.Files) != n {
				t.Fatalf("%d files arrived as %d", n, len(m.Files))
			}
			for i, f := range m.Files {
				var got int
				f.Seek(0, 0)
				if _, err := fmt.Fscan(f, &got); err != nil || got != i {
					t.Fatalf("file %d of %d holds %d, %v", i, n, got, err)
				}
			}
			m.CloseFiles()
		}
	})
}

// Garbage, and a peer that dies within a message, end the link with an error; they never panic or hang.
func TestStreamHostilePeer(t *testing.T) {
	good := append(appendHeader(nil, header{kind: 1, id: 2, length: 3}), "abc"...)
	for name, c := range map[string]struct {
		bytes []byte
		want  error
	}{
		"nothing":          {nil, io.EOF},
		"half a header":    {good[:10], io.ErrUnexpectedEOF},
		"half a body":      {good[:len(good)-1], io.ErrUnexpectedEOF},
		"no magic":         {bytes.Repeat([]byte("x"), 100), errCorrupt},
		"a later kind":     {slices.Concat(good[:5], []byte{knownFlags + 1}, good[6:]), errCorrupt},
		"too many files":   {appendHeader(nil, header{files: MaxFiles + 1}), errCorrupt},
		"missing files":    {appendHeader(nil, header{files: 3}), nil},
		"a negative size":  {appendHeader(nil, header{length: -1}), errCorrupt},
		"an enormous size": {append(appendHeader(nil, header{length: 1<<31 - 1 - 24}), "abc"...), io.ErrUnexpectedEOF},
		"after a message":  {append(slices.Concat(good, appendHeader(nil, header{length: math.MaxInt - headerSize})), "abc"...), io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			leak.Check(t)
			conn, end, err := sys.ConnPair()
			if err != nil {
				t.Fatal(err)
			}
			l := NewStream(conn)
			defer l.Close()
			hostile, err := sys.NewConn(own(t, end))
			if err != nil {
				t.Fatal(err)
			}
			hostile.Write([][]byte{c.bytes}, nil)
			hostile.Close()
			m, err := l.Recv()
			if m.Release(); name == "after a message" && err == nil {
				_, err = l.Recv()
			}
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("Recv: %v, want %v", err, c.want)
			}
			if _, again := l.Recv(); again != err {
				t.Errorf("then %v, want the same error", again)
			}
		})
	}
}

func FuzzFrames(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(appendHeader(nil, header{kind: 3, id: 4}))
	f.Add(append(appendHeader(nil, header{length: 5}), "hello"...))
	f.Add(appendHeader(nil, header{length: 1 << 30}))
	f.Add(append(appendHeader(nil, header{}), appendHeader(nil, header{length: math.MaxInt - headerSize})...))
	f.Add(appendHeader(nil, header{files: 5}))
	f.Add(bytes.Repeat(appendHeader(nil, header{}), 5000))
	f.Fuzz(func(t *testing.T, stream []byte) {
		s := NewStream(&bytesConn{Reader: *bytes.NewReader(stream)})
		read := 0
		for {
			m, err := s.Recv()
			if err != nil {
				break
			}
			read += headerSize + len(m.Body)
			m.Release()
		}
		if read > len(stream) {
			t.Fatalf("%d bytes were read from %d", read, len(stream))
		}
	})
}

func BenchmarkRoundTrip(b *testing.B) {
	for _, k := range kinds[:2] {
		b.Run(k.name, func(b *testing.B) {
			x, y := k.make(b)
			defer x.Close()
			defer y.Close()
			go func() {
				for {
					m, err := y.Recv()
					if err != nil {
						return
					}
					y.Send(m)
					m.Release()
				}
			}()
			body := make([]byte, 64)
			for b.Loop() {
				x.Send(Msg{Body: body})
				m, _ := x.Recv()
				m.Release()
			}
		})
	}
}

func BenchmarkOneWay(b *testing.B) {
	for _, mode := range []string{"send", "post"} {
		b.Run(mode, func(b *testing.B) {
			x, y := streams(b)
			defer x.Close()
			defer y.Close()
			b.SetBytes(64)
			go func() {
				body := make([]byte, 64)
				for range b.N {
					if mode == "send" {
						x.Send(Msg{Body: body})
					} else {
						x.Post(Msg{Body: body})
					}
				}
				x.Flush()
			}()
			for range b.N {
				m, _ := y.Recv()
				m.Release()
			}
		})
	}
}
