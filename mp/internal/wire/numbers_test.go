package wire

import (
	"bytes"
	"reflect"
	"runtime"
	"testing"
)

// Memory that was allocated for bytes is aligned for the numbers that it is to hold.
func TestNumbersAreAligned(t *testing.T) {
	var kept [][]byte
	for n := 1; n < 200; n++ {
		kept = append(kept, bytes.Clone(make([]byte, n%7+1))) // so that the tiny allocator goes on at any offset
		for _, size := range []int{1, 2, 4, 8} {
			b := bytes.Clone(make([]byte, n*size))
			if at := reflect.ValueOf(b).Pointer(); at%uintptr(size) != 0 {
				t.Errorf("%d bytes for numbers of %d lie at %#x", len(b), size, at)
			}
			kept = append(kept, b)
		}
	}
	runtime.KeepAlive(kept)
}
