package connection_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/connection"
)

type files struct{ In, Out *os.File }

// EchoFiles echoes 64 bytes at a time over two pipes of the operating system.
var EchoFiles = mp.Register("echo.files", func(_ context.Context, f files) (int, error) {
	p := make([]byte, 64)
	for n := 0; ; n++ {
		if _, err := io.ReadFull(f.In, p); errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return n, err
		}
		if _, err := f.Out.Write(p); err != nil {
			return n, err
		}
	}
})

// The round trip of 64 bytes between two processes: bytes and a value through a Pipe, and bytes through two pipes of the
// operating system.
func BenchmarkRoundTrip(b *testing.B) {
	msg, buf := make([]byte, 64), make([]byte, 64)
	b.Run("bytes", func(b *testing.B) {
		x, y := pipe(b)
		p, err := mp.Start(b.Context(), EchoBytesInto, y, nil)
		if err != nil {
			b.Fatal(err)
		}
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
	})
	b.Run("value", func(b *testing.B) {
		x, y := pipe(b)
		p, err := mp.Start(b.Context(), EchoFloats, y, nil)
		if err != nil {
			b.Fatal(err)
		}
		msg, buf := make([]float32, 16), make([]float32, 16)
		b.ReportAllocs()
		for b.Loop() {
			if err := x.Send(b.Context(), &msg); err != nil {
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
	b.Run("os.Pipe", func(b *testing.B) {
		theirIn, out, err := os.Pipe()
		if err != nil {
			b.Fatal(err)
		}
		in, theirOut, err := os.Pipe()
		if err != nil {
			b.Fatal(err)
		}
		p, err := mp.Start(b.Context(), EchoFiles, files{theirIn, theirOut}, nil)
		theirIn.Close()
		theirOut.Close()
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := out.Write(msg); err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadFull(in, buf); err != nil {
				b.Fatal(err)
			}
		}
		b.StopTimer()
		out.Close()
		if _, err := p.Result(b.Context()); err != nil {
			b.Fatal(err)
		}
		in.Close()
	})
}

// What the calls themselves cost: both ends in one goroutine, which never waits.
func BenchmarkCalls(b *testing.B) {
	x, y := pipe(b)
	msg := make([]byte, 64)
	b.Run("bytes", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := x.SendBytes(b.Context(), msg); err != nil {
				b.Fatal(err)
			}
			if _, err := y.RecvBytesInto(b.Context(), msg); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("value", func(b *testing.B) {
		b.ReportAllocs()
		v := order{"tea", 1}
		for b.Loop() {
			if err := x.Send(b.Context(), &v); err != nil {
				b.Fatal(err)
			}
			if err := y.Recv(b.Context(), &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// Large messages from one process to another, into memory that is reused, and for comparison a copy inside a process.
func BenchmarkLarge(b *testing.B) {
	for _, size := range []int{1 << 20, 16 << 20} {
		msg := make([]float32, size/4)
		b.Run(fmt.Sprintf("%dMiB", size>>20), func(b *testing.B) {
			x, y := pipe(b)
			p, err := mp.Start(b.Context(), CountFloats, y, nil)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(size))
			for b.Loop() {
				if err := x.Send(b.Context(), &msg); err != nil {
					b.Fatal(err)
				}
			}
			x.Close()
			if _, err := p.Result(b.Context()); err != nil { // all of it has arrived
				b.Fatal(err)
			}
		})
		b.Run(fmt.Sprintf("%dMiB/copy", size>>20), func(b *testing.B) {
			to := make([]float32, size/4)
			b.SetBytes(int64(size))
			for b.Loop() {
				copy(to, msg)
			}
		})
	}
}

// CountFloats receives until the end.
var CountFloats = mp.Register("count.floats", func(ctx context.Context, c *connection.Conn) (n int, err error) {
	defer c.Close()
	var p []float32
	for ; ; n++ {
		if err := c.Recv(ctx, &p); errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return n, err
		}
	}
})

// EchoBytesInto is EchoBytes with memory that is reused.
var EchoBytesInto = mp.Register("echo.bytes.into", func(ctx context.Context, c *connection.Conn) (int, error) {
	defer c.Close()
	p := make([]byte, 64)
	for n := 0; ; n++ {
		k, err := c.RecvBytesInto(ctx, p)
		if errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return n, err
		}
		if err := c.SendBytes(ctx, p[:k]); err != nil {
			return n, err
		}
	}
})
