package sharedmem_test

import (
	"sync/atomic"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
)

// BenchmarkAdd compares Value.Add with an atomic in ordinary memory.
func BenchmarkAdd(b *testing.B) {
	b.Run("Value", func(b *testing.B) {
		v, err := sharedmem.NewValue(int64(0))
		if err != nil {
			b.Fatal(err)
		}
		defer v.Close()
		for b.Loop() {
			v.Add(1)
		}
	})
	b.Run("atomic", func(b *testing.B) {
		var v atomic.Int64
		for b.Loop() {
			v.Add(1)
		}
	})
}

func BenchmarkNewAndClose(b *testing.B) {
	for b.Loop() {
		m, err := sharedmem.New(1 << 20)
		if err != nil {
			b.Fatal(err)
		}
		if err := m.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
