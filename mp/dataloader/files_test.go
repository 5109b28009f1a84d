package dataloader_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
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

// The loop owns the files in a batch that it gets. The files in batches that the loop does not get are closed.
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

type dirAndFile struct {
	Dir  string
	File *os.File
}

// Opening the dataset, and the initializer, read from the file that they get.
var (
	ReadAndLetters = dataloader.RegisterBatch("readAndLetters", func(_ context.Context, c dirAndFile) (dataloader.BatchDataset[*os.File], error) {
		return letters(c.Dir), readDear(c.File)
	})
	ReadDear = mp.RegisterInit("readDear", func(_ context.Context, f *os.File) error { return readDear(f) })
)

func readDear(f *os.File) error {
	defer f.Close()
	b := make([]byte, 4)
	if _, err := f.ReadAt(b, 0); err != nil || string(b) != "dear" {
		return fmt.Errorf("%q: %w", b, err)
	}
	return nil
}

// When New has returned, the caller may close the files in the configuration and in the argument of WorkerInit. Workers that start
// later still get them.
func TestFilesAreTheCallers(t *testing.T) {
	leak.Check(t)
	dir := prog.TempDir(t)
	if err := os.WriteFile(filepath.Join(dir, "letter"), []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, "letter"))
	if err != nil {
		t.Fatal(err)
	}
	l := open[*os.File](t)(dataloader.NewBatched(background, ReadAndLetters.With(dirAndFile{dir, f}), &dataloader.Options{
		Workers: 1, WorkerInit: ReadDear.With(f),
	}))
	f.Close()
	for range 2 { // each with a worker of its own
		for f, err := range l.Epoch(background) {
			if err != nil {
				t.Fatal(err)
			}
			f.Close()
		}
	}
}

var KeepEnd = mp.RegisterInit("keepEnd", func(context.Context, *mp.Conn) error { return nil })

// The end of a Pipe cannot be the argument of WorkerInit, which every worker gets. New returns an error, and the end stays with
// the caller.
func TestWorkerInitWithAnEnd(t *testing.T) {
	leak.Check(t)
	a, b, err := mp.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	defer b.Close()
	for _, workers := range []int{0, 2} {
		l, err := dataloader.NewBatched(background, Letters.With(""), &dataloader.Options{Workers: workers, WorkerInit: KeepEnd.With(b)})
		if err == nil {
			l.Close()
			t.Fatal("no error")
		}
		var got int
		if e := errors.Join(a.Send(background, 1), b.Recv(background, &got)); e != nil || !strings.HasPrefix(err.Error(), "mp: keepEnd: the argument cannot be sent: every worker gets it") {
			t.Error(err, e)
		}
	}
}
