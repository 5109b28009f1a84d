// Queue counts the lines of a tree of source files. One process walks the tree, others read the files that it finds, and the
// main process adds up their counts. One queue carries the paths, another one the counts.
package main

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
)

var (
	dir     = flag.String("dir", "", "the tree (default: the source of this example)")
	readers = flag.Int("readers", 3, "how many processes read")
)

// work is what the parent gives to each child.
type work struct {
	Root  string
	Paths *queue.Queue[string] // bounded, so that the walker does not run far ahead of the readers
	Files *queue.Queue[file]
}

type file struct {
	Kind         string
	Lines, Bytes int
	Reader       string // the name of the process that has read the file
}

var (
	Walk = mp.Register("queue.walk", walk)
	Read = mp.Register("queue.read", read)
)

// walk puts the path of every file into Paths.
func walk(ctx context.Context, w work) (found int, err error) {
	err = filepath.WalkDir(w.Root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		found++
		return w.Paths.Put(ctx, path)
	})
	return found, err
}

// read takes paths and puts counts into Files. It ends when Paths is closed and empty.
func read(ctx context.Context, w work) (int, error) {
	count := 0
	for path, err := range w.Paths.All(ctx) {
		if err != nil {
			return count, err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return count, err
		}
		f := file{cmp.Or(filepath.Ext(path), "other"), bytes.Count(data, []byte("\n")), len(data), mp.CurrentProcess().Name}
		if err := w.Files.Put(ctx, f); err != nil {
			return count, err
		}
		count++
	}
	return count, nil
}

func main() { mp.Main(run) }

func run() error {
	flag.Parse()
	if *readers < 1 {
		return fmt.Errorf("-readers=%d: it takes at least one to read", *readers)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	paths, err := queue.New[string](16)
	if err != nil {
		return err
	}
	files, err := queue.New[file](0)
	if err != nil {
		return err
	}
	w := work{tree(), paths, files}
	began := time.Now()
	walker, err := mp.Start(ctx, Walk, w, &mp.ProcessOptions{Name: "walker"})
	if err != nil {
		return err
	}
	var reading []*mp.Process[int]
	for n := range *readers {
		p, err := mp.Start(ctx, Read, w, &mp.ProcessOptions{Name: fmt.Sprint("reader-", n+1)})
		if err != nil {
			return err
		}
		reading = append(reading, p)
	}

	// When the walker is done, there are no more paths; when the readers are done, no more counts. The first process that fails
	// ends the others through ctx. Otherwise a walker whose readers have all failed would wait for room in the queue for ever.
	wait := func(p *mp.Process[int]) {
		if _, err := p.Result(ctx); err != nil {
			cancel(err)
		}
	}
	var readersDone sync.WaitGroup
	for _, p := range reading {
		readersDone.Go(func() { wait(p) })
	}
	go func() {
		wait(walker)
		paths.Close()
		readersDone.Wait()
		files.Close()
	}()
	kinds, by := make(map[string]file), make(map[string]int)
	total := 0
	for f, err := range files.All(ctx) {
		if err != nil {
			cancel(err)
			break
		}
		k := kinds[f.Kind]
		kinds[f.Kind] = file{Lines: k.Lines + f.Lines, Bytes: k.Bytes + f.Bytes}
		by[f.Reader]++
		total++
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	fmt.Printf("%s: %d files in %v, by %d readers\n", w.Root, total, time.Since(began).Round(time.Millisecond), len(by))
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		fmt.Printf("  %-8s %6d lines %8d bytes\n", kind, kinds[kind].Lines, kinds[kind].Bytes)
	}
	return nil
}

// tree is the flag -dir, or the directory of this source file, or the current directory.
func tree() string {
	if *dir != "" {
		return *dir
	}
	if _, name, _, ok := runtime.Caller(0); ok {
		if _, err := os.Stat(name); err == nil {
			return filepath.Dir(name)
		}
	}
	return "."
}
