package dataloader_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// testimony is what Get sees of its worker.
type testimony struct {
	ID, Count              int
	Seed                   uint64
	Name, Dir, Ours, Given string
}

// witness is a dataset whose samples are testimonies.
type witness struct{ opening context.Context }

func (*witness) Len() int { return 8 }

func (w *witness) Get(ctx context.Context, i int) (testimony, error) {
	info, ok := dataloader.Worker(ctx)
	if !ok || info.Dataset != any(w) || w.opening.Err() == nil {
		return testimony{}, fmt.Errorf("%v, %+v, opening: %v", ok, info, w.opening.Err())
	}
	fmt.Println("out", i)
	fmt.Fprintln(os.Stderr, "err", i)
	dir, err := os.Getwd()
	return testimony{info.ID, info.Count, info.Seed, mp.CurrentProcess().Name, dir, os.Getenv("MP_TEST_OURS"), os.Getenv("MP_TEST_GIVEN")}, err
}

var (
	Witness = dataloader.Register("witness", func(ctx context.Context, _ int) (dataloader.Dataset[testimony], error) {
		if info, ok := dataloader.Worker(ctx); !ok || info.Dataset != nil {
			return nil, fmt.Errorf("%v, %+v", ok, info)
		}
		return &witness{ctx}, nil
	})
	Testimonies = mp.Register("testimonies", dataloader.List[testimony])
)

// lines is a writer that keeps the lines written to it, and checks that each write is whole lines.
type lines struct {
	t   *testing.T
	mu  sync.Mutex
	all []string
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !bytes.HasSuffix(p, []byte("\n")) {
		l.t.Errorf("%q is not whole", p)
	}
	l.all = append(l.all, strings.Split(strings.TrimSuffix(string(p), "\n"), "\n")...)
	return len(p), nil
}

// Workers have the name, directory, environment, streams and seed that the Options say, and Worker tells them their ID, their
// number and their seed.
func TestWorkersAreAsTold(t *testing.T) {
	leak.Check(t)
	dir, err := filepath.EvalSymlinks(prog.TempDir(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("MP_TEST_OURS", "ours")
	out, errs := &lines{t: t}, &lines{t: t}
	l := open[[]testimony](t)(dataloader.New(background, Witness.With(0), Testimonies, &dataloader.Options{
		Workers: 2, Persistent: true, Seed: 3, Name: "Reader", Dir: dir, Env: []string{"MP_TEST_GIVEN=given"}, Stdout: out, Stderr: errs,
	}))
	seeds := make(map[string]uint64)
	var all []string
	for e := range 2 {
		for b, err := range l.Epoch(background) {
			if err != nil {
				t.Fatal(err)
			}
			s, of := b[0], fmt.Sprintf("epoch %d, worker %d", e, b[0].ID)
			there, err := filepath.EvalSymlinks(s.Dir)
			if err != nil || there != dir || s.Count != 2 || s.Name != fmt.Sprint("Reader-", s.ID) || s.Ours != "" || s.Given != "given" {
				t.Errorf("%+v, %v", s, err)
			}
			if before, ok := seeds[of]; ok && before != s.Seed {
				t.Errorf("%s has two seeds", of)
			}
			seeds[of] = s.Seed
		}
		for i := range 8 {
			all = append(all, fmt.Sprint(i))
		}
	}
	l.Close()
	slices.Sort(all)
	for prefix, written := range map[string]*lines{"out ": out, "err ": errs} {
		slices.Sort(written.all)
		if want := prefix + strings.Join(all, ","+prefix); strings.Join(written.all, ",") != want {
			t.Errorf("%q", written.all)
		}
	}
	for _, seed := range []uint64{3, 4} {
		for b, err := range open[[]testimony](t)(dataloader.New(background, Witness.With(0), Testimonies, &dataloader.Options{Seed: seed})).Epoch(background) {
			if err != nil || b[0].ID != 0 || b[0].Count != 1 || b[0].Ours != "ours" || (b[0].Seed == seeds["epoch 0, worker 0"]) != (seed == 3) {
				t.Errorf("seed %d: %+v, %v", seed, b, err)
			}
		}
	}
	different := make(map[uint64]bool)
	for _, seed := range seeds {
		different[seed] = true
	}
	if len(seeds) != 4 || len(different) != 4 {
		t.Errorf("%v", seeds)
	}
}

// With a ctx that is not a Loader's, Worker reports false, and each Rand and RandOf is different.
func TestOutsideOfALoader(t *testing.T) {
	if info, ok := dataloader.Worker(background); ok || info != (dataloader.WorkerInfo{}) {
		t.Errorf("%+v", info)
	}
	seen := make(map[uint64]bool)
	for range 4 {
		seen[dataloader.Rand(background).Uint64()] = true
		seen[dataloader.RandOf(background, 1).Uint64()] = true
	}
	if len(seen) != 8 {
		t.Errorf("%d different numbers", len(seen))
	}
}
