package prog

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TempDir is like t.TempDir, but removes the files one by one, by name: os.RemoveAll, which works by handles, fails under Wine.
// A file that is still in use does not fail the test; leak.Check is for that.
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
