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
)

// rest is what is left of a long message: it is there whenever it is asked for.
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

// Who only looks, again and again, comes to the message behind a long one that was dropped.
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
