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
		<-ctx.Done() // it is killed before that
		return 0, ctx.Err()
	})
)

// touch reads a byte of each page, as whoever uses the bytes would at least.
func touch(b []byte) (sum int) {
	for i := 0; i < len(b); i += 4096 {
		sum += int(b[i])
	}
	return sum
}

var onesBuffer []byte

// ones are n bytes that are there already, so that making them is not part of a figure.
func ones(n int) []byte {
	if len(onesBuffer) < n {
		onesBuffer = make([]byte, n)
		for i := range onesBuffer {
			onesBuffer[i] = 1
		}
	}
	return onesBuffer[:n]
}

// spin computes for a time that its argument decides, and that no compiler takes away: the result depends on every turn.
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

// calibrate is how many turns of spin take a millisecond when nothing disturbs. One process finds it out for all samples:
// whoever does "10 µs" does the same.
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

// turns are those that take so long.
func turns(d time.Duration) (int, error) {
	n, err := strconv.Atoi(os.Getenv(spinVar))
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%s=%q: how fast is this machine?", spinVar, os.Getenv(spinVar))
	}
	return int(float64(n) * d.Seconds() * 1000), nil
}
