package link

import (
	"errors"
	"fmt"
	"os"
	"sync"
)

const (
	// coalesceLimit is the size from which a body is written from where it lies instead of being copied.
	coalesceLimit = 16 << 10
	// backlogLimit is how many bytes may wait behind a write in progress before senders block.
	backlogLimit = 256 << 10
	// takeAlong is how many times a sender writes what was queued meanwhile.
	takeAlong = 16
)

type writer struct {
	conn Conn

	mu      sync.Mutex
	idle    sync.Cond // broadcast when busy or pending changes
	pending []byte
	spare   []byte
	busy    bool
	err     error
}

func (w *writer) send(m Msg, flags byte, now bool) error {
	if len(m.Files) > MaxFiles {
		return fmt.Errorf("%w: a message cannot carry %d files, only %d", ErrNotSent, len(m.Files), MaxFiles)
	}
	h := header{kind: m.Kind, flags: flags, files: len(m.Files), id: m.ID, length: len(m.Body)}
	if len(m.Body) >= coalesceLimit || len(m.Files) > 0 {
		return w.sendAlone(h, m)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.err == nil && w.busy && len(w.pending) >= backlogLimit {
		w.idle.Wait()
	}
	if w.err != nil {
		return w.err
	}
	w.pending = append(appendHeader(w.pending, h), m.Body...)
	if w.busy || !now && len(w.pending) < blockSize {
		return nil
	}
	return w.drain()
}

// sendAlone writes what is pending, and then the message, without copying its body.
func (w *writer) sendAlone(h header, m Msg) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.err == nil && w.busy {
		w.idle.Wait()
	}
	if w.err != nil {
		return w.err
	}
	w.busy = true
	front := w.take()
	w.mu.Unlock()
	err := error(nil)
	if len(front) > 0 {
		err = w.write([][]byte{front}, nil)
	}
	if err == nil {
		var head [headerSize]byte
		err = w.write([][]byte{appendHeader(head[:0], h), m.Body}, m.Files)
	}
	w.mu.Lock()
	w.done(front, err)
	if w.err == nil && len(w.pending) > 0 {
		err = errors.Join(err, w.drain())
	}
	return err
}

func (w *writer) flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.err == nil && (w.busy || len(w.pending) > 0) {
		if w.busy {
			w.idle.Wait()
		} else {
			w.drain()
		}
	}
	return w.err
}

// drain writes what is pending, and what is added meanwhile. The caller holds w.mu, and w is not busy.
func (w *writer) drain() error {
	w.busy = true
	for range takeAlong {
		if err := w.writeOnce(); err != nil || len(w.pending) == 0 {
			w.rest()
			return err
		}
	}
	go func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		for len(w.pending) > 0 && w.writeOnce() == nil {
		}
		w.rest()
	}()
	return nil
}

// writeOnce writes what is pending now. The caller holds w.mu, which is released during the write, and w is busy.
func (w *writer) writeOnce() error {
	front := w.take()
	w.mu.Unlock()
	err := w.write([][]byte{front}, nil)
	w.mu.Lock()
	w.give(front)
	if err != nil && w.err == nil {
		w.err = err
	}
	w.idle.Broadcast()
	return err
}

// write writes to the conn. If that fails, the conn has told the peer that this end is gone.
func (w *writer) write(bufs [][]byte, files []*os.File) error {
	err := w.conn.Write(bufs, files)
	if err != nil && !errors.Is(err, ErrNotSent) {
		err = fmt.Errorf("%w: %w", ErrGone, err)
	}
	return err
}

func (w *writer) take() []byte {
	front := w.pending
	w.pending, w.spare = w.spare[:0], nil
	return front
}

// give keeps a written buffer for reuse, unless it has grown too large.
func (w *writer) give(front []byte) {
	if cap(front) <= 2*backlogLimit {
		w.spare = front[:0]
	}
}

func (w *writer) done(front []byte, err error) {
	w.give(front)
	if err != nil && !errors.Is(err, ErrNotSent) && w.err == nil {
		w.err = err
	}
	w.rest()
}

func (w *writer) rest() {
	w.busy = false
	w.idle.Broadcast()
}

func (w *writer) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	w.idle.Broadcast()
}
