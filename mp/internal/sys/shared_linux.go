package sys

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// sealed are the seals that make a mapping safe: no process can change the size of the file, so touching the mapping is never a
// SIGBUS.
const sealed = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_SEAL

// NewMemory makes a file of this many bytes that has no name and exists in memory only, for processes to map. Its pages are
// there already, so that a lack of memory is an error here and no signal later, and its size cannot change.
func NewMemory(size int) (*os.File, error) {
	if !HasRoom(uint64(size)) || !available(uint64(size)) { // the kernel would allocate until none is left, and then kill a process
		return nil, fmt.Errorf("%d bytes of shared memory: %w", size, unix.ENOMEM)
	}
	fd, err := unix.MemfdCreate("mp", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_NOEXEC_SEAL)
	if errors.Is(err, unix.EINVAL) { // before Linux 6.3
		fd, err = unix.MemfdCreate("mp", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	}
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), "mp-memory")
	if err := allocate(int64(size), func(offset, n int64) error { return unix.Fallocate(fd, 0, offset, n) }); err != nil {
		f.Close()
		return nil, fmt.Errorf("%d bytes of shared memory: %w", size, os.NewSyscallError("fallocate", err))
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, sealed); err != nil {
		f.Close()
		return nil, os.NewSyscallError("seal", err)
	}
	return f, nil
}

// allocate calls fallocate for size bytes, in steps. Before Linux 6.10 any signal interrupts a call and undoes what the call has
// done, and a profiler sends a signal every 10 ms, or more often. So a step takes about 1 ms; after each interrupted one, steps are
// half as long, down to the size of the largest page that there is.
func allocate(size int64, fallocate func(offset, n int64) error) error {
	for step, done := int64(4<<20), int64(0); ; {
		n := min(step, size-done)
		switch err := fallocate(done, n); {
		case errors.Is(err, unix.EINTR):
			step = max(step/2, 64<<10)
		case err != nil || done+n == size:
			return err
		default:
			done += n
		}
	}
}

// MapMemory maps a file that NewMemory has made, here or in another process; one that is not sealed, or has another size, is
// refused. The mapping outlives the file, which stays the caller's.
func MapMemory(f *os.File, size int) (mem []byte, err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	control := raw.Control(func(fd uintptr) {
		var stat unix.Stat_t
		seals, sealErr := unix.FcntlInt(fd, unix.F_GET_SEALS, 0)
		switch {
		case sealErr != nil || seals&sealed != sealed:
			err = errors.New("the shared memory is not sealed")
		case unix.Fstat(int(fd), &stat) != nil || stat.Size != int64(size):
			err = fmt.Errorf("the shared memory has %d bytes instead of %d", stat.Size, size)
		default:
			mem, err = unix.Mmap(int(fd), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
			err = os.NewSyscallError("mmap", err)
		}
	})
	return mem, errors.Join(err, control)
}

// UnmapMemory ends a mapping; to touch it afterwards ends the process.
func UnmapMemory(mem []byte) error { return os.NewSyscallError("munmap", unix.Munmap(mem)) }
