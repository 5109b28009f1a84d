package leak

import (
	"os"
	"slices"
	"testing"
)

// OpenFiles is how many descriptors this process has open.
func OpenFiles(t testing.TB) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// NullFiles returns one file n times, to be sent. It is closed when t ends.
func NullFiles(t testing.TB, n int) []*os.File {
	t.Helper()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { null.Close() })
	return slices.Repeat([]*os.File{null}, n)
}
