package sys

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// NewMemory makes a section of this many bytes, which has no name, for processes to map. Its memory is committed, so that
// a lack of it is an error here and no exception later, and its size cannot change.
func NewMemory(size int) (*os.File, error) {
	if size < 1 {
		return nil, fmt.Errorf("%d bytes of shared memory: %w", size, windows.ERROR_INVALID_PARAMETER)
	}
	h, err := windows.CreateFileMapping(windows.InvalidHandle, nil, windows.PAGE_READWRITE, uint32(uint64(size)>>32), uint32(size), nil)
	if err != nil {
		return nil, fmt.Errorf("%d bytes of shared memory: %w", size, os.NewSyscallError("CreateFileMapping", err))
	}
	return os.NewFile(uintptr(h), "mp-memory"), nil
}

// HasRoom is false, so that there are no slabs: links between processes have no shared memory here.
func HasRoom(uint64) bool { return false }

// MapMemory maps a section that NewMemory has made, here or in another process; one that is smaller, or whose memory is
// not there, is refused. The mapping outlives the file, which stays the caller's.
func MapMemory(f *os.File, size int) (mem []byte, err error) {
	if size < 1 {
		return nil, windows.ERROR_INVALID_PARAMETER // 0 would map the whole section
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	control := raw.Control(func(h uintptr) {
		addr, failed := windows.MapViewOfFile(windows.Handle(h), windows.FILE_MAP_READ|windows.FILE_MAP_WRITE, 0, 0, uintptr(size))
		if failed != nil {
			err = fmt.Errorf("the shared memory has no %d bytes: %w", size, os.NewSyscallError("MapViewOfFile", failed))
			return
		}
		if !committed(addr, size) {
			windows.UnmapViewOfFile(addr)
			err = errors.New("the shared memory is not committed")
			return
		}
		mem = viewAt(addr, size)
	})
	return mem, errors.Join(err, control)
}

// UnmapMemory ends a mapping; to touch it afterwards ends the process.
func UnmapMemory(mem []byte) error {
	return os.NewSyscallError("UnmapViewOfFile", windows.UnmapViewOfFile(addressOf(mem)))
}
