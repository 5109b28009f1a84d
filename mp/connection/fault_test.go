package connection_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// However the process with the other end ends, a receive returns io.EOF. Over shared memory, the error names the process.
func TestPeerEnds(t *testing.T) {
	transports(t, func(t *testing.T) {
		for _, how := range []string{"kill", "exit", "return"} {
			t.Run(how, func(t *testing.T) {
				leak.Check(t)
				ctx := within(t)
				a, b := pipe(t)
				p := start(t, a, b, how, 0)
				_, err := a.RecvBytes(ctx)
				if !errors.Is(err, io.EOF) {
					t.Fatal(err)
				}
				if shared() && !strings.Contains(err.Error(), strconv.Itoa(p.Pid())) {
					t.Errorf("%v does not name process %d", err, p.Pid())
				}
				if err := p.Join(ctx); err != nil {
					t.Error(err)
				}
			})
		}
	})
}

// When a process is killed while it sends, the receiver gets whole messages, and then the end.
func TestKillSender(t *testing.T) {
	transports(t, func(t *testing.T) {
		for _, size := range []int{64, 100_000, 3 << 20} {
			leak.Check(t)
			ctx := within(t)
			a, b := pipe(t)
			p := start(t, a, b, "flood", size)
			for n := 0; ; n++ {
				m, err := a.RecvBytes(ctx)
				if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
					break
				}
				if err != nil || len(m) != size {
					t.Fatal(n, len(m), err)
				}
				if n == 5 {
					p.Kill()
				}
			}
			p.Join(ctx)
		}
	})
}

// When a process is killed, a send to it returns ErrClosed, even if that waits because the process does not receive.
func TestKillReceiver(t *testing.T) {
	transports(t, func(t *testing.T) {
		for _, do := range []string{"wait", "idle", "drain"} {
			leak.Check(t)
			ctx := within(t)
			a, b := pipe(t)
			p := start(t, a, b, do, 0)
			failed := make(chan error)
			go func() {
				for {
					if err := a.SendBytes(ctx, make([]byte, 100_000)); err != nil {
						failed <- err
						return
					}
				}
			}()
			p.Kill()
			if err := <-failed; !errors.Is(err, mp.ErrClosed) {
				t.Error(err)
			}
			p.Join(ctx)
		}
	})
}

// A frozen process does not hold up a caller for longer than its ctx lasts.
func TestFrozenPeer(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		a, b := pipe(t)
		p := start(t, a, b, "drain", 0)
		if err := prog.Freeze(p.Pid()); err != nil {
			t.Skip(err)
		}
		receiving, endReceiving := context.WithCancel(within(t))
		sending, endSending := context.WithCancel(within(t))
		received := make(chan error)
		go func() {
			_, err := a.RecvBytes(receiving)
			received <- err
		}()
		sent := make(chan error)
		go func() {
			for {
				if err := a.SendBytes(sending, make([]byte, 1<<20)); err != nil {
					sent <- err
					return
				}
			}
		}()
		time.Sleep(50 * time.Millisecond) // by then both calls most likely wait; if not, they end as well
		endReceiving()
		if err := <-received; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		endSending() // afterwards, as on Windows a message that is cut short ends the pipe for both directions
		if err := <-sent; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		p.Kill()
		p.Join(within(t))
	})
}

// Close ends every call that waits, in either direction. PY-CONN-20
func TestCloseUnblocks(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		for range 20 {
			a, b := pipe(t)
			errs := make(chan error, 5)
			var busy sync.WaitGroup
			for _, wait := range []func() error{
				func() error { _, err := a.RecvBytes(t.Context()); return err },
				func() error { return a.Recv(t.Context(), new(int)) },
				func() error { _, err := a.Poll(patience); return err },
				func() error {
					for {
						if err := a.SendBytes(t.Context(), make([]byte, 100_000)); err != nil {
							return err
						}
					}
				},
				func() error { return a.Send(t.Context(), make([]int, 4<<20)) },
			} {
				busy.Add(1)
				go func() {
					busy.Done()
					errs <- wait()
				}()
			}
			busy.Wait()
			a.Close()
			for range 5 {
				if err := <-errs; !errors.Is(err, mp.ErrClosed) {
					t.Error(err)
				}
			}
			b.Close()
		}
	})
}

// When ctx ends in the middle of a receive, the part of the message that has come is not lost.
func TestReceiveGoesOn(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		a, b := pipe(t)
		want := bytes.Repeat([]byte("0123456789"), 1<<20)
		go func() {
			if err := errors.Join(a.SendBytes(t.Context(), want), a.Send(t.Context(), want)); err != nil {
				t.Error(err)
			}
		}()
		over, cancel := context.WithCancel(t.Context())
		cancel()
		interrupted := 0
		receive := func(f func(ctx context.Context) error) {
			for {
				err := f(over)
				if err == nil {
					return
				}
				if !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				if interrupted++; interrupted%100 == 0 {
					time.Sleep(time.Microsecond)
				}
			}
		}
		var got []byte
		receive(func(ctx context.Context) (err error) { got, err = b.RecvBytes(ctx); return err })
		if !bytes.Equal(got, want) {
			t.Error("bytes were lost or doubled")
		}
		got = nil
		receive(func(ctx context.Context) error { return b.Recv(ctx, &got) })
		if !bytes.Equal(got, want) {
			t.Error("numbers were lost or doubled")
		}
		t.Log(interrupted, "times interrupted")
	})
}

// When ctx ends in the middle of a send, the message is taken back over shared memory. Over a socket, nothing can be sent any
// more. Messages sent before are received.
func TestSendInterrupted(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		a, b := pipe(t)
		if err := a.Send(t.Context(), 6); err != nil {
			t.Fatal(err)
		}
		long := make([]byte, 8<<20) // before the timeout starts, as the send has to begin within it
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := a.SendBytes(ctx, long); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		var got int
		if err := b.Recv(t.Context(), &got); got != 6 || err != nil {
			t.Error("what was sent before:", got, err)
		}
		received := make(chan error)
		go func() { received <- b.Recv(t.Context(), &got) }()
		err := a.Send(t.Context(), 7)
		if !shared() {
			if !errors.Is(err, mp.ErrClosed) || !strings.Contains(err.Error(), "cut short") {
				t.Error(err)
			}
			a.Close()
			if err := <-received; !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Error(err)
			}
			return
		}
		if err = errors.Join(err, <-received); err != nil || got != 7 {
			t.Error(got, err)
		}
	})
}

// With a ctx that is over, calls that need not wait succeed.
func TestOverButReady(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		a, b := pipe(t)
		over, cancel := context.WithCancel(t.Context())
		cancel()
		var got int
		if err := errors.Join(a.Send(over, 3), b.Recv(over, &got)); err != nil || got != 3 {
			t.Error(got, err)
		}
		if err := b.Recv(over, &got); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
