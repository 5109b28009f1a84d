package pool_test

import (
	"os"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/pool"
)

// When OnProgress panics, the files in results are closed, as no caller gets them.
func TestProgressPanicsOverFiles(t *testing.T) {
	leak.CheckUncollected(t)
	p := newPool(t, nil)
	defer func() {
		if recover() == nil {
			t.Error("it did not panic")
		}
	}()
	paths := []string{os.DevNull, os.DevNull, os.DevNull}
	files, err := mp.Map(t.Context(), p, Lend, paths, pool.OnProgress(func(p pool.Progress) {
		if p.Done == p.Total {
			panic("OnProgress")
		}
	}))
	t.Error(files, err)
}
