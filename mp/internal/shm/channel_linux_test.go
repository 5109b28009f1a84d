package shm

import (
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

const channelSize = 4096

// An opened channel has the memory and the bells of the one that it was opened from.
func TestChannel(t *testing.T) {
	leak.Check(t)
	made := newChannel(t)
	defer made.Close()
	opened, err := OpenChannel(copies(t, made), channelSize)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	made.Bytes()[channelSize-1] = 42
	if got := opened.Bytes()[channelSize-1]; got != 42 {
		t.Error(got)
	}
	if got := len(opened.Files()); got != ChannelFiles {
		t.Error(got)
	}
}

// OpenChannel closes all files when it fails, however far it has come.
func TestOpenChannelFails(t *testing.T) {
	leak.Check(t)
	made := newChannel(t)
	defer made.Close()
	for bad := range ChannelFiles {
		files := copies(t, made)
		files[bad].Close()
		null, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		files[bad] = null
		if c, err := OpenChannel(slices.Clone(files), channelSize); err == nil {
			c.Close()
			t.Errorf("file %d is no part of a channel", bad)
		}
		for i, f := range files {
			if f.Fd() != ^uintptr(0) {
				t.Errorf("file %d was bad, and file %d is open", bad, i)
			}
		}
	}
	files := copies(t, made)
	if _, err := OpenChannel(slices.Clone(files[1:]), channelSize); err == nil {
		t.Error("without its memory there is no channel")
	}
	files[0].Close()
}

func newChannel(t *testing.T) *Channel {
	t.Helper()
	c, err := NewChannel(channelSize)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// copies are the files of c, as another process gets them.
func copies(t *testing.T, c *Channel) []*os.File {
	t.Helper()
	var files []*os.File
	for _, f := range c.Files() {
		fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, os.NewFile(uintptr(fd), f.Name()))
	}
	return files
}
