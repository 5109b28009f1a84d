package connection_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// A message of which a method that is not for it has read a part, until its ctx ended, is gone: the next one comes whole.
func TestDropInterrupted(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		a, b := pipe(t)
		unwanted, wanted := bytes.Repeat([]byte{0xff}, 4<<20), bytes.Repeat([]byte{7}, 1<<20)
		over, cancel := context.WithCancel(t.Context())
		cancel()
		for interrupted := false; !interrupted; {
			sent := make(chan error, 1)
			go func() { sent <- errors.Join(a.SendBytes(t.Context(), unwanted), a.SendBytes(t.Context(), wanted)) }()
			if ready, err := b.Poll(10 * time.Second); !ready || err != nil {
				t.Fatal(ready, err)
			}
			var v []float64
			err := b.Recv(over, &v)
			if err == nil {
				t.Fatal("bytes were received as numbers")
			}
			interrupted = errors.Is(err, context.Canceled)
			got, err := b.RecvBytes(t.Context())
			if err != nil || !bytes.Equal(got, wanted) {
				t.Fatalf("%d bytes, the first of them %v; %v", len(got), got[:min(8, len(got))], err)
			}
			if err := <-sent; err != nil {
				t.Error(err)
			}
		}
	})
}
