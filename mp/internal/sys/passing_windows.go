package sys

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// This file is how files pass over a Conn.

// TakeFiles returns the n files that came with the bytes that were read last; the caller owns them. It reads their handles from
// the stream, with read.
func (c *Conn) TakeFiles(n int, read func(p []byte) error) (files []*os.File, err error) {
	if n == 0 {
		return nil, nil
	}
	values := make([]byte, (n+1)*handleSize)
	if err := read(values); err != nil {
		return nil, err
	}
	for range n {
		h, err := c.fetch(binary.LittleEndian.Uint64(values))
		if err != nil {
			for _, f := range files {
				f.Close()
			}
			return nil, fmt.Errorf("a message announces files that did not come with it: %w", err)
		}
		files = append(files, unbound(h, "mp-received"))
		values = values[handleSize:]
	}
	if receipt := binary.LittleEndian.Uint64(values); receipt != 0 {
		if h, err := c.fetch(receipt); err == nil {
			windows.SetEvent(h)
			windows.CloseHandle(h)
		}
	}
	return files, nil
}

// fetch returns a handle of this process for a value that the peer has sent. The parent duplicates the child's handle, and the child
// closes its own: DUPLICATE_CLOSE_SOURCE would do both, but in Wine it waits for the child, for ever if that is stopped or about to
// end.
func (c *Conn) fetch(value uint64) (h windows.Handle, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	const largest = 1<<31 - 1 // larger values stand for the process itself, and are no files
	switch {
	case value == 0 || value > largest:
		return 0, windows.ERROR_INVALID_HANDLE
	case !c.parent: // it is open here, also after Close
		return windows.Handle(value), nil
	case c.peer == 0:
		return 0, os.ErrClosed
	}
	h, err = copyHandle(c.peer, windows.Handle(value), windows.CurrentProcess())
	if err != nil && c.peerEnded(0) {
		err = io.ErrUnexpectedEOF // the file has gone with its sender
	}
	return h, err
}

// hand duplicates files for the peer and returns the values of the handles and of the receipt. Handles for a parent stay in this
// process until the parent has fetched them.
func (c *Conn) hand(files []*os.File) (values []byte, err error) {
	copies, err := hold(files)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.parent && c.peer == 0 {
		closeHandles(copies)
		return nil, os.ErrClosed
	}
	if !c.parent {
		receipt, err := windows.CreateEvent(nil, 1, 0, nil)
		if err != nil {
			closeHandles(copies)
			return nil, fmt.Errorf("%w: %w", ErrNotSent, os.NewSyscallError("CreateEvent", err))
		}
		c.reclaim()
		if c.receipt != 0 {
			c.handed = append(c.handed, c.receipt)
		}
		c.receipt, c.handed = receipt, append(c.handed, copies...)
		return appendHandles(nil, append(copies, receipt)), nil
	}
	defer closeHandles(copies)
	theirs := make([]windows.Handle, len(copies), len(copies)+1)
	for i, h := range copies {
		if theirs[i], err = copyHandle(windows.CurrentProcess(), h, c.peer); err != nil {
			if c.peerEnded(time.Second) { // a process that is about to end does not take handles any more
				return nil, err
			}
			return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
		}
	}
	return appendHandles(nil, append(theirs, 0)), nil
}

// hold returns handles that stay open whatever happens to the files.
func hold(files []*os.File) (copies []windows.Handle, err error) {
	for _, f := range files {
		h, err := duplicate(f, windows.CurrentProcess(), false)
		if err != nil {
			closeHandles(copies)
			return nil, err
		}
		copies = append(copies, h)
	}
	return copies, nil
}

func appendHandles(b []byte, handles []windows.Handle) []byte {
	for _, h := range handles {
		b = binary.LittleEndian.AppendUint64(b, uint64(h))
	}
	return b
}

func closeHandles(handles []windows.Handle) {
	for _, h := range handles {
		windows.CloseHandle(h)
	}
}

// copyHandle duplicates a handle of one process into another.
func copyHandle(from, h, to windows.Handle) (other windows.Handle, err error) {
	err = windows.DuplicateHandle(from, h, to, &other, 0, false, windows.DUPLICATE_SAME_ACCESS)
	return other, os.NewSyscallError("DuplicateHandle", err)
}

// peerEnded reports whether the peer has ended, or does so soon. c.mu is held.
func (c *Conn) peerEnded(soon time.Duration) bool { return signalled(c.peer, soon) }

func signalled(h windows.Handle, within time.Duration) bool {
	event, err := windows.WaitForSingleObject(h, uint32(within/time.Millisecond))
	return err == nil && event == windows.WAIT_OBJECT_0
}

// reclaim closes the handles that were kept for the parent, once the parent has fetched them. c.mu is held.
func (c *Conn) reclaim() {
	if c.receipt != 0 && signalled(c.receipt, 0) {
		closeHandles(append(c.handed, c.receipt))
		c.receipt, c.handed = 0, nil
	}
}

// Settled reports whether the peer has fetched the files that were written. Until then they need this process.
func (c *Conn) Settled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reclaim()
	return c.receipt == 0
}

// Settle waits until the peer has fetched the files that were written, or until Close.
func (c *Conn) Settle() {
	for !c.Settled() {
		c.mu.Lock()
		us := windows.CurrentProcess()
		receipt, err := copyHandle(us, c.receipt, us) // a handle that Close does not close
		c.mu.Unlock()
		if err != nil {
			return // it was settled, or closed, just now
		}
		signalled(receipt, forever)
		windows.CloseHandle(receipt)
	}
}

// forever is what the system takes for no limit.
const forever = windows.INFINITE * time.Millisecond
