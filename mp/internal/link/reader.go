package link

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// reader cuts the stream into messages.
type reader struct {
	conn  Conn
	block *block // bytes [start:end) were read, and not delivered yet
	start int
	end   int
	err   error

	limit atomic.Int64 // the limit of PeerEnded; 0: the peer has not ended
	left  int          // bytes read since PeerEnded
}

// mostLeft is more than what can be on its way in a link.
const mostLeft = 64 << 20

// receive reads what there is, and waits for at least one byte.
func (r *reader) receive(p []byte) (int, error) {
	for {
		limit := time.Duration(r.limit.Load())
		if limit > 0 {
			r.conn.SetReadDeadline(time.Now().Add(limit))
		}
		n, err := r.conn.Read(p)
		if limit > 0 && errors.Is(err, os.ErrDeadlineExceeded) {
			n, err = r.conn.ReadNow(p) // Read has not even looked if the deadline passed before it got the processor
		}
		switch {
		case limit > 0:
			if r.left += n; r.left > mostLeft && err == nil {
				err = os.ErrDeadlineExceeded
			}
		case errors.Is(err, os.ErrDeadlineExceeded):
			continue // PeerEnded was called during the read: from now on its limit holds for each read
		}
		// A read ends where files come, so that it brings those of at most one byte of the next message.
		if r.conn.Files() > MaxFiles+sys.FilesPerByte {
			r.conn.DropFiles()
			return 0, fmt.Errorf("%w: files that no message has announced", errCorrupt)
		}
		return n, err
	}
}

func (r *reader) recv() (m Msg, flags byte, err error) {
	if r.err != nil {
		return Msg{}, 0, r.err
	}
	m, flags, err = r.next()
	if err != nil {
		if errors.Is(err, os.ErrClosed) {
			err = ErrClosed
		}
		r.err = err
		if r.block != nil {
			r.block.release()
			r.block = nil
		}
	}
	return m, flags, err
}

func (r *reader) next() (Msg, byte, error) {
	if err := r.fill(headerSize); err != nil {
		return Msg{}, 0, err
	}
	h, err := parseHeader(r.block.data[r.start:])
	if err != nil {
		return Msg{}, 0, err
	}
	r.start += headerSize
	m := Msg{Kind: h.kind, ID: h.id}
	if headerSize+h.length <= blockSize {
		if err := r.fill(h.length); err != nil {
			return Msg{}, 0, truncated(err)
		}
		if h.length > 0 {
			m.Body = r.block.data[r.start : r.start+h.length : r.start+h.length]
			m.lender = r.block
			r.block.refs.Add(1)
			r.start += h.length
		}
	} else if m.Body, err = r.large(h.length); err != nil {
		return Msg{}, 0, truncated(err)
	}
	m.Files, err = r.conn.TakeFiles(h.files, r.read)
	if m.Lost = errors.Is(err, ErrFilesLost); err != nil && !m.Lost {
		m.Release()
		return Msg{}, 0, err
	}
	if r.start == r.end {
		r.conn.DropFiles() // files that no message has announced
	}
	return m, h.flags, nil
}

// fill makes at least n bytes, at most a block, available at start.
func (r *reader) fill(n int) error {
	if r.block == nil {
		r.block = newBlock()
	}
	if r.end-r.start >= n {
		return nil
	}
	if r.start+n > len(r.block.data) || r.start == r.end {
		r.renew()
	}
	for r.end-r.start < n {
		k, err := r.receive(r.block.data[r.end:])
		r.end += k
		if err != nil {
			if err == io.EOF && r.end > r.start {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

// read fills p, which is at most a block.
func (r *reader) read(p []byte) error {
	if err := r.fill(len(p)); err != nil {
		return truncated(err)
	}
	r.start += copy(p, r.block.data[r.start:])
	return nil
}

// renew moves the undelivered bytes to the front of a block that no message borrows from.
func (r *reader) renew() {
	rest := r.block.data[r.start:r.end]
	if r.block.refs.Load() == 1 {
		copy(r.block.data, rest)
	} else {
		fresh := newBlock()
		copy(fresh.data, rest)
		r.block.release()
		r.block = fresh
	}
	r.start, r.end = 0, len(rest)
}

// large reads a body that is larger than a block into memory of its own. The memory grows with the bytes that arrive, so that a
// false length costs nothing.
func (r *reader) large(n int) ([]byte, error) {
	const atOnce = 4 << 20
	body := make([]byte, 0, min(n, atOnce))
	body = append(body, r.block.data[r.start:r.start+min(r.end-r.start, n)]...) // n may be near the largest int
	r.start += len(body)
	for len(body) < n {
		if len(body) == cap(body) {
			grown := make([]byte, len(body), cap(body)+min(cap(body), n-cap(body)))
			copy(grown, body)
			body = grown
		}
		k, err := r.receive(body[len(body):cap(body)])
		body = body[:len(body)+k]
		if err != nil {
			return nil, err
		}
	}
	return body, nil
}

func truncated(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
