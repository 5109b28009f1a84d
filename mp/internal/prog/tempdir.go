package prog

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TempDir is t.TempDir, but it removes one file after the other by its name: under Wine the way of os.RemoveAll, by
// handles, fails. What is still in use there does not fail the test; leak.Check is for that.
func TempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "mp-test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(dir) })
	return dir
}

func remove(dir string) {
	var paths []string
	filepath.WalkDir(dir, func(path string, _ fs.DirEntry, _ error) error {
		paths = append(paths, path)
		return nil
	})
	for _, path := range slices.Backward(paths) {
		os.Remove(path)
	}
}
