package pool

import (
	"encoding/binary"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
)

// A dead worker may have left nonsense in the journal: found must not trust it.
func TestHostileJournal(t *testing.T) {
	ours, theirs := link.NewInProcessJournal()
	w := &worker{journal: ours.Journal()}
	j := theirs.Journal()
	const first, count = 1000, 100
	for _, dense := range []int{0, 1, 2, 4, 8} {
		for _, done := range []int{0, 5} {
			k := &chunk{first: first, count: count, done: done, dense: dense}
			for _, shift := range []int{1, 32, 60, 61, 62, 63} {
				for _, at := range []uint64{0, k.id(), k.id() + 1, first + count - 1, first + count, 1 << shift} {
					for _, from := range []uint64{0, 1, at, at - 1, at + 1, at - 1<<shift, at - 1<<shift - 1, 1 << shift} {
						binary.LittleEndian.PutUint64(j.Page(), from)
						j.Allow(at + 1)
						j.Begin(at)
						n, results, running := w.found(k)
						if n < 0 || n >= count-done || n > 0 && (!running || len(results) < n*dense) {
							t.Fatalf("at %d, row from %d, dense %d: %d results in %d bytes, %v", at, from, dense, n, len(results), running)
						}
					}
				}
			}
		}
	}
}
