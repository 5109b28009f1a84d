//go:build unix && !linux

package sys

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// NewMemory makes a file of this many bytes for processes to map. Its name is removed before anything is in it. All of it
// is written, so that a lack of room is an error here and no signal later. There are no seals: a process that has the file can
// shrink it, and so crash others that touch the lost pages.
func NewMemory(size int) (*os.File, error) {
	if size < 1 {
		return nil, fmt.Errorf("%d bytes of shared memory: %w", size, unix.EINVAL)
	}
	f, err := os.CreateTemp("", "mp-memory-")
	if err != nil {
		return nil, err
	}
	if err = os.Remove(f.Name()); err == nil {
		err = fill(f, size)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%d bytes of shared memory: %w", size, err)
	}
	return f, nil
}

// fill writes zeros, unless there is no room for so many.
func fill(f *os.File, size int) error {
	var fs unix.Statfs_t
	if unix.Fstatfs(int(f.Fd()), &fs) == nil && uint64(size) > uint64(max(int64(fs.Bavail), 0))*uint64(fs.Bsize) {
		return unix.ENOSPC
	}
	zeros := make([]byte, min(size, 1<<20))
	for size > 0 {
		n, err := f.Write(zeros[:min(size, len(zeros))])
		if err != nil {
			return err
		}
		size -= n
	}
	return nil
}

// HasRoom is false, so that there are no slabs: links between processes have no shared memory here.
func HasRoom(uint64) bool { return false }

// MapMemory maps a file that NewMemory has made, here or in another process; one that has another size is refused. The
// mapping outlives the file, which stays the caller's.
func MapMemory(f *os.File, size int) (mem []byte, err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	control := raw.Control(func(fd uintptr) {
		var stat unix.Stat_t
		if err = unix.Fstat(int(fd), &stat); err != nil {
			err = os.NewSyscallError("fstat", err)
			return
		}
		if stat.Mode&unix.S_IFMT != unix.S_IFREG || stat.Size != int64(size) {
			err = fmt.Errorf("the shared memory has %d bytes instead of %d", stat.Size, size)
			return
		}
		mem, err = unix.Mmap(int(fd), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		err = os.NewSyscallError("mmap", err)
	})
	return mem, errors.Join(err, control)
}

// UnmapMemory ends a mapping; to touch it afterwards ends the process.
func UnmapMemory(mem []byte) error { return os.NewSyscallError("munmap", unix.Munmap(mem)) }
