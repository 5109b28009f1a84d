package sys

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// MeasuresMemory says whether ProcessMemory works here.
const MeasuresMemory = true

var pageSize = int64(os.Getpagesize())

// ProcessMemory is how many bytes of memory the process has now, 0 when it has ended. It is called up to a thousand times a
// second, so it reads without the poller.
func ProcessMemory(pid int) (int64, error) {
	path := "/proc/" + strconv.Itoa(pid) + "/statm"
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	var buf [128]byte
	n, err := unix.Read(fd, buf[:])
	if err != nil {
		return 0, &os.PathError{Op: "read", Path: path, Err: err}
	}
	fields := bytes.Fields(buf[:n]) // size, resident, …
	if len(fields) < 2 {
		return 0, fmt.Errorf("%s says %q", path, buf[:n])
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	return pages * pageSize, err
}
