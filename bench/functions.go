package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// What the workers run.
var (
	same  = mp.Register("same", func(_ context.Context, b []byte) ([]byte, error) { return b, nil })
	twice = mp.Register("twice", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	take  = mp.Register("take", func(_ context.Context, b []byte) (int, error) { return touch(b), nil })
	give  = mp.Register("give", func(_ context.Context, n int) ([]byte, error) { return ones(n), nil })
	spins = mp.Register("spins", func(_ context.Context, n int) (uint64, error) { return spin(n), nil })
	onF32 = mp.Register("floats", func(_ context.Context, w Floats) (uint64, error) { return w.run(), nil })
	onRaw = mp.Register("bytes", func(_ context.Context, w Raw) (uint64, error) { return w.run(), nil })
	onRec = mp.Register("nested", func(_ context.Context, w Nested) (float64, error) { return w.run(), nil })
	stuck = mp.Register("stuck", func(ctx context.Context, ready *os.File) (int, error) {
		if err := binary.Write(ready, binary.NativeEndian, int32(os.Getpid())); err != nil {
			return 0, err
		}
		<-ctx.Done() // the worker is killed before that
		return 0, ctx.Err()
	})
)

// touch reads a byte of each page. Any user of the bytes reads at least that much.
func touch(b []byte) (sum int) {
	for i := 0; i < len(b); i += 4096 {
		sum += int(b[i])
	}
	return sum
}

var onesBuffer []byte

// ones returns n bytes. It keeps them for the next call, so that no figure has the making of them in it.
func ones(n int) []byte {
	if len(onesBuffer) < n {
		onesBuffer = make([]byte, n)
		for i := range onesBuffer {
			onesBuffer[i] = 1
		}
	}
	return onesBuffer[:n]
}

// spin computes for n turns. The result depends on every turn, so that the compiler cannot leave one out.
//
//go:noinline
func spin(n int) uint64 {
	x := uint64(n) | 1
	for range n {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

const spinVar = "BENCH_SPIN"

// calibrate measures how many turns of spin take a millisecond when nothing disturbs. One process measures it for all
// samples, so that "10 µs" is the same number of turns in each.
func calibrate() int {
	const turns = 200_000
	best := time.Hour
	for range 20 {
		began := time.Now()
		runtime.KeepAlive(spin(turns))
		best = min(best, time.Since(began))
	}
	return int(turns * float64(time.Millisecond) / float64(best))
}

// turns returns how many turns of spin take d.
func turns(d time.Duration) (int, error) {
	n, err := strconv.Atoi(os.Getenv(spinVar))
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%s=%q: how fast is this machine?", spinVar, os.Getenv(spinVar))
	}
	return int(float64(n) * d.Seconds() * 1000), nil
}
