package conn

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

// rest is the rest of a long message. Each Read returns at once.
type rest struct{ read func() }

func (r rest) Read(p []byte) (int, error) {
	r.read()
	return len(p), nil
}

// A peer that sends the rest of a dropped message as fast as it is skipped does not hold up a receiver whose ctx has ended.
func TestSkipEndsWithCtx(t *testing.T) {
	leak.Check(t)
	const enough = 1 << 29 // of the message; then the stream ends
	read := func() {}
	long := io.LimitReader(rest{func() { read() }}, enough)
	frame := binary.BigEndian.AppendUint64([]byte{0xff, 0xff, 0xff, 0xff}, mostSize)
	c := Over(tape{io.MultiReader(bytes.NewReader(frame), long)}, "a flood", false)
	defer c.Close()
	if err := c.Recv(endedCtx, new(int)); !errors.Is(err, context.Canceled) {
		t.Errorf("Recv: %v", err)
	}
	if ready, err := c.Poll(0); ready || err != nil {
		t.Errorf("Poll: %v, %v", ready, err)
	}
	if ready, err := c.Ready(t.Context(), false); ready || err != nil {
		t.Errorf("Ready that does not wait: %v, %v", ready, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reads, after := 0, 0
	read = func() {
		switch reads++; {
		case ctx.Err() != nil:
			after++
		case reads == 100:
			cancel()
		}
	}
	if ready, err := c.Ready(ctx, true); ready || !errors.Is(err, context.Canceled) {
		t.Errorf("Ready: %v, %v", ready, err)
	}
	if reads < 100 || after > 20 {
		t.Errorf("it has read %d times, %d of them after the end of ctx", reads, after)
	}
}

// A caller that only calls Poll, again and again, gets to the message behind a long one that was dropped.
func TestPollPastDropped(t *testing.T) {
	leak.Check(t)
	const size = 5*mostSkipped + 1
	frame := binary.BigEndian.AppendUint32(nil, size)
	next := []byte("\x00\x00\x00\x04next")
	c := Over(tape{bytes.NewReader(bytes.Join([][]byte{frame, make([]byte, size), next}, nil))}, "a peer", false)
	defer c.Close()
	if err := c.Recv(endedCtx, new(int)); !errors.Is(err, context.Canceled) {
		t.Errorf("Recv: %v", err)
	}
	looks := 0
	for ready := false; !ready; looks++ {
		var err error
		if ready, err = c.Poll(0); err != nil || looks > size/mostSkipped {
			t.Fatalf("%d looks: %v", looks, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if p, err := c.RecvBytes(ctx); string(p) != "next" || err != nil {
		t.Errorf("%q, %v, after %d looks", p, err, looks)
	}
}

// rawEnds returns two ends of a pipe: the transport of one, for a peer that may break the protocol, and the other as a Conn.
func rawEnds(t *testing.T, how string) (transport, *Conn) {
	t.Setenv("MP_TRANSPORT", how)
	a, b, err := Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.Close()
		b.Close()
	})
	peer, err := a.transport()
	if err != nil {
		t.Fatal(err)
	}
	return peer, b
}

// ringsEnds is rawEnds over shared memory.
func ringsEnds(t *testing.T) (*rings, *Conn) {
	peer, b := rawEnds(t, "")
	r, ok := peer.(*rings)
	if !ok {
		t.Skip("there is no shared memory here")
	}
	return r, b
}

// A peer does not hold up a Poll, or a receive whose ctx is over: neither with empty records (unwritten memory is full of them), nor
// with messages that it begins and takes back. The test has one ring full of them; a peer could go on for ever.
func TestTakenBackWithoutEnd(t *testing.T) {
	message := make([]byte, 64) // a record of 48 bytes, which begins a message of 1000, and an empty one
	message[0] = 48
	binary.LittleEndian.PutUint64(message[8+16:], 1000)
	for what, records := range map[string][]byte{"nothing": make([]byte, 64), "messages": message} {
		t.Run(what, func(t *testing.T) {
			leak.Check(t)
			peer, c := ringsEnds(t)
			memory := peer.memory.ring(peer.seed.side)
			copy(memory[ring.Overhead:], bytes.Repeat(records, ringCapacity/len(records)))
			tail, head := shm.Word64(memory), shm.Word64(memory[64:])
			tail.Store(ringCapacity)
			read := uint64(0)
			for name, call := range map[string]func() error{
				"Poll":      func() error { _, err := c.Poll(0); return err },
				"Recv":      func() error { return c.Recv(endedCtx, new(int)) },
				"RecvBytes": func() error { _, err := c.RecvBytes(endedCtx); return err },
			} {
				if err := call(); err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("%s: %v", name, err)
				}
				before := read
				if read = head.Load(); read-before > ringCapacity/16 {
					t.Errorf("%s has read %d bytes", name, read-before)
				}
			}
		})
	}
}

// firstRecord writes the first record of a message of bytes.
func (t *rings) firstRecord(ctx context.Context, size int, part []byte) error {
	h := make([]byte, ringsHead)
	binary.LittleEndian.PutUint64(h[16:], uint64(size))
	return t.write(ctx, h, part)
}

// A receive whose ctx is over still gets a message that is there, behind as many taken-back messages as a ring can hold.
func TestBehindTakenBack(t *testing.T) {
	leak.Check(t)
	peer, c := ringsEnds(t)
	part := make([]byte, mostPart-ringsHead)
	taken := 0
	for ; ; taken++ {
		switch fits, err := peer.out.Fits(mostPart + 100); {
		case err != nil:
			t.Fatal(err)
		case fits:
			err = errors.Join(peer.firstRecord(t.Context(), 1<<20, part), peer.write(t.Context(), nil, nil))
			if err != nil {
				t.Fatal(err)
			}
			continue
		}
		break
	}
	if err := peer.firstRecord(t.Context(), 4, []byte("next")); err != nil {
		t.Fatal(err)
	}
	if p, err := c.RecvBytes(endedCtx); string(p) != "next" || err != nil {
		t.Errorf("behind %d messages that were taken back: %q, %v", taken, p, err)
	}
}

// A caller that only asks with a ctx that is over, again and again, gets to the message behind many that were taken back.
func TestAskPastTakenBack(t *testing.T) {
	leak.Check(t)
	peer, c := ringsEnds(t)
	const many = 100
	for range many {
		if err := errors.Join(peer.firstRecord(t.Context(), 10, []byte("abc")), peer.write(t.Context(), nil, nil)); err != nil {
			t.Fatal(err)
		}
	}
	if err := peer.firstRecord(t.Context(), 4, []byte("next")); err != nil {
		t.Fatal(err)
	}
	for asked := 0; ; asked++ {
		p, err := c.RecvBytes(endedCtx)
		switch {
		case errors.Is(err, context.Canceled) && asked < many:
			continue
		case string(p) != "next" || err != nil:
			t.Errorf("asked %d times: %q, %v", asked, p, err)
		}
		break
	}
}
