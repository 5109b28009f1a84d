package connection_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// The round trip of 64 bytes between two processes, beside that over two pipes of the operating system.
func BenchmarkRoundTrip(b *testing.B) {
	x, y := pipe(b)
	p, err := mp.Start(b.Context(), EchoBytes, y, nil)
	if err != nil {
		b.Fatal(err)
	}
	msg, buf := make([]byte, 64), make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		if err := x.SendBytes(b.Context(), msg); err != nil {
			b.Fatal(err)
		}
		if _, err := x.RecvBytesInto(b.Context(), buf); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	x.Close()
	if _, err := p.Result(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// Large messages there and back, as bytes and as a slice of numbers, into memory that is used again.
func BenchmarkLarge(b *testing.B) {
	for _, size := range []int{1 << 20, 16 << 20} {
		b.Run(fmt.Sprintf("floats/%dMiB", size>>20), func(b *testing.B) {
			x, y := pipe(b)
			p, err := mp.Start(b.Context(), EchoFloats, y, nil)
			if err != nil {
				b.Fatal(err)
			}
			msg, buf := make([]float32, size/4), make([]float32, size/4)
			b.SetBytes(int64(2 * size))
			for b.Loop() {
				if err := x.Send(b.Context(), msg); err != nil {
					b.Fatal(err)
				}
				if err := x.Recv(b.Context(), &buf); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			x.Close()
			if _, err := p.Result(b.Context()); err != nil {
				b.Fatal(err)
			}
		})
	}
}

var _ = os.Stdout
