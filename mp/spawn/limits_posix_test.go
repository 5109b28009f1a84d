//go:build unix

package spawn_test

import (
	"context"
	"syscall"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// EatMapped takes size bytes outside of the Go heap, as C code would.
var EatMapped = mp.Register("eat-mapped", func(_ context.Context, size int64) (int, error) {
	n := 0
	for sum := int64(0); sum < size; sum += 4 * mebibyte {
		b, err := syscall.Mmap(-1, 0, 4*mebibyte, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
		if err != nil {
			return n, err
		}
		touch(b)
		n++
	}
	return n, nil
})

func init() { eaters["mappings"] = EatMapped }
