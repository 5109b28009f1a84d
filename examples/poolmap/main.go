// Poolmap hashes the files of a directory tree in the processes of a pool, and then in as many goroutines.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// Digest runs in the workers. Its errors arrive in the parent such that errors.Is still finds fs.ErrNotExist in them.
var Digest = mp.Register("poolmap.digest", digest)

type file struct {
	Path string
	Size int
	Sum  [sha256.Size]byte
}

func digest(_ context.Context, path string) (file, error) {
	data, err := os.ReadFile(path)
	return file{path, len(data), sha256.Sum256(data)}, err
}

func main() { mp.Main(run) }

func run() error {
	root := tree()
	paths, err := files(root)
	if err != nil {
		return err
	}
	paths = append(paths, filepath.Join(root, "deleted after the walk"))
	began := time.Now()
	pool, err := mp.NewPool(context.Background(), nil)
	if err != nil {
		return err
	}
	defer pool.Close()
	workers := len(pool.Stats().Workers)
	fmt.Printf("%s: %d paths; %d workers, ready in %v\n", root, len(paths), workers, time.Since(began).Round(time.Microsecond))

	inGoroutines(paths, workers) // reads all files once, so that neither measurement waits for the disk
	began = time.Now()
	var read []file
	for f, err := range mp.IMap(context.Background(), pool, Digest, slices.Values(paths)) {
		if err == nil {
			read = append(read, f)
		} else { // only this file has failed
			fmt.Printf("not read (missing: %t, forbidden: %t): %v\n", errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), err)
		}
	}
	report("processes", read, time.Since(began))
	began = time.Now()
	here := inGoroutines(paths, workers)
	report("goroutines", here, time.Since(began))
	for _, f := range read[:min(4, len(read))] {
		fmt.Printf("  %x  %s\n", f.Sum, f.Path)
	}
	if !slices.Equal(read, here) {
		return errors.New("processes and goroutines disagree")
	}
	return nil
}

// tree is the argument, or the source of package os, or the current directory.
func tree() string {
	if len(os.Args) > 1 {
		return os.Args[1]
	}
	//lint:ignore SA1019 any tree will do, and nearly everybody has this one
	root := filepath.Join(runtime.GOROOT(), "src", "os")
	if _, err := os.Stat(root); err != nil {
		return "."
	}
	return root
}

func files(root string) (paths []string, err error) {
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			paths = append(paths, path)
		}
		return err
	})
	return paths, err
}

func inGoroutines(paths []string, n int) []file {
	read := make([]file, len(paths))
	var wg sync.WaitGroup
	for g := range n {
		wg.Go(func() {
			for i := g; i < len(paths); i += n {
				if f, err := digest(context.Background(), paths[i]); err == nil {
					read[i] = f
				}
			}
		})
	}
	wg.Wait()
	return slices.DeleteFunc(read, func(f file) bool { return f.Path == "" })
}

func report(who string, read []file, took time.Duration) {
	mb := 0.0
	for _, f := range read {
		mb += float64(f.Size) / 1e6
	}
	fmt.Printf("%-10s  %d files, %.1f MB, %v, %.0f MB/s\n", who, len(read), mb, took.Round(10*time.Microsecond), mb/took.Seconds())
}
