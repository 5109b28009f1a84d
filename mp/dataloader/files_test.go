package dataloader_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

type letters string

func (letters) Len() int { return 20 }

func (d letters) GetBatch(_ context.Context, indices []int) (*os.File, error) {
	return os.Open(filepath.Join(string(d), "letter"))
}

var Letters = dataloader.RegisterBatch("letters", func(_ context.Context, dir string) (dataloader.BatchDataset[*os.File], error) {
	return letters(dir), nil
})

// Who takes a batch owns the files in it; those of batches that nobody takes are closed.
func TestFilesInBatches(t *testing.T) {
	leak.Check(t)
	dir := prog.TempDir(t)
	if err := os.WriteFile(filepath.Join(dir, "letter"), []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, persistent := range []bool{false, true} {
		l := open[*os.File](t)(dataloader.NewBatched(background, Letters.With(dir), &dataloader.Options{Workers: 2, Persistent: persistent}))
		for left := range 4 {
			for f, err := range l.Epoch(background) {
				if err != nil {
					t.Fatal(err)
				}
				text, err := io.ReadAll(f)
				if err != nil || string(text) != "dear" {
					t.Errorf("%q, %v", text, err)
				}
				f.Close()
				if left == 0 {
					break
				}
				left--
			}
		}
	}
}
