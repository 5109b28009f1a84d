//go:build unix

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// truncation describes the incident truncated for the output.
const truncation = "which the workers have mapped, is now truncated"

// mapFile maps the first size bytes of a file for reading. It does not check the
// length of the file, which can also change after a check.
func mapFile(name string, size int) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() // the mapping stays
	b, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	return b, os.NewSyscallError("mmap", err)
}

// keepUp does nothing here: a real mapping follows its file.
func keepUp([]byte, string) error { return nil }
