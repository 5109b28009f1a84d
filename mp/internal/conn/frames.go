package conn

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Stream is the byte stream under a connection; sys.Conn is one.
type Stream interface {
	// ReadNow is Read that does not wait, or hardly. If there is nothing, it returns os.ErrDeadlineExceeded. The read deadline does
	// not count, and may be gone afterwards.
	ReadNow(p []byte) (int, error)
	Read(p []byte) (int, error)
	TakeFiles(n int, read func(p []byte) error) ([]*os.File, error)
	// Files is how many files have arrived that TakeFiles did not take.
	Files() int
	// DropFiles closes them.
	DropFiles()
	Write(bufs [][]byte, files []*os.File) error
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
	Close() error
}

// frames is the transport over a stream. A message is a frame as Python's multiprocessing.connection writes it:
//
//	 0        4
//	+--------+------                  the length, big-endian
//	| length | body
//	+--------+---------+------        above 2³¹−1
//	| −1     | length  | body
//	+--------+---------+------
//	 0        4         12
//
// Bytes are the body as they are. The body of any other message begins with a head that Python does not have, known by its mark:
//
//	 0      16     17     20      24     32
//	+------+------+------+-------+------+------
//	| mark | kind | zero | files | sum  | rest
//	+------+------+------+-------+------+------
type frames struct {
	stream   Stream
	where    string // names the other end, for errors
	files    bool   // the stream carries files
	stranger bool   // the peer is not authenticated: drop its files, and do not read into its next message, which may have some

	buf        []byte // [start:end) was read, and not received yet
	start, end int
	begun      bool // head is that of the message that next returned
	head       head
	left       int // how many bytes of the body are left

	header [12 + framesHead]byte // scratch space for sending
}

const (
	framesHead = 32
	longFrame  = math.MaxInt32
	readSize   = 16 << 10
)

// mark begins the head of a message that is not bytes. It is random, so that bytes do not begin with it by chance.
var mark = [16]byte{0x9d, 'm', 'p', 0x01, 0xe2, 0x4b, 0x77, 0x0c, 0xb8, 0x1f, 0xd6, 0x93, 0x5a, 0x2e, 0xc4, 0xf1}

// past is a deadline that has passed.
var past = time.Unix(1, 0)

func newFrames(s Stream, where string, files bool, unread []byte) *frames {
	t := &frames{stream: s, where: where, files: files, buf: make([]byte, max(readSize, len(unread)))}
	t.end = copy(t.buf, unread)
	return t
}

// During makes the end of ctx end a read or write, by setting a deadline with set. The function that it returns undoes this.
func During(ctx context.Context, set func(time.Time) error) func() {
	if ctx.Done() == nil {
		return func() {}
	}
	over := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		set(past)
		close(over)
	})
	return func() {
		if !stop() {
			<-over
			set(time.Time{})
		}
	}
}

func (t *frames) send(ctx context.Context, h head, body []byte, files []*os.File) (intact bool, err error) {
	if len(files) > 0 && !t.files {
		return true, fmt.Errorf("%w: files, and ends of connections, cannot be sent over this connection: over Unix sockets and pipes they can, and not on Windows", spawn.ErrUnsupported)
	}
	size := len(body)
	if h.kind != kindBytes {
		size += framesHead
	}
	b := t.header[:0]
	if uint64(size) > longFrame {
		b = append(b, 0xff, 0xff, 0xff, 0xff)
		b = binary.BigEndian.AppendUint64(b, uint64(size))
	} else {
		b = binary.BigEndian.AppendUint32(b, uint32(size))
	}
	b = appendHead(b, h)
	bufs := [][]byte{b, body}
	if len(body) <= coalesced {
		bufs = [][]byte{append(b, body...)}
	}
	if ctx.Err() != nil { // a message that need not wait is sent all the same
		t.stream.SetWriteDeadline(time.Now().Add(sys.Soon))
		defer t.stream.SetWriteDeadline(time.Time{})
	} else {
		defer During(ctx, t.stream.SetWriteDeadline)()
	}
	return unsent(t.stream.Write(bufs, files))
}

// coalesced is the size up to which a body is copied behind its header: the system copies it anyway, and faster in one piece.
const coalesced = 4 << 10

// unsent explains the error of a write. intact: the connection can still be used.
func unsent(err error) (intact bool, _ error) {
	switch {
	case err == nil:
		return false, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errors.Is(err, sys.ErrNotSent), errOver
	case errors.Is(err, sys.ErrNotSent):
		return true, err
	}
	return false, fmt.Errorf("%w: the other end has closed it or died: %w", spawn.ErrClosed, err)
}

// filesBytes is how many bytes carry n files.
func filesBytes(n int) int { return (n + sys.FilesPerByte - 1) / sys.FilesPerByte }

func (t *frames) next(ctx context.Context) (head, error) {
	if t.begun {
		return t.head, nil
	}
	if err := t.fill(ctx, 4, io.EOF); err != nil {
		return head{}, err
	}
	n, size := 4, uint64(binary.BigEndian.Uint32(t.buf[t.start:]))
	if size > longFrame {
		if size != math.MaxUint32 {
			return head{}, fmt.Errorf("%w: a frame with a negative length", ErrCorrupt)
		}
		if err := t.fill(ctx, 12, io.ErrUnexpectedEOF); err != nil {
			return head{}, err
		}
		n, size = 12, binary.BigEndian.Uint64(t.buf[t.start+4:])
	}
	if size > mostSize {
		return head{}, fmt.Errorf("%w: a frame of %d bytes", ErrCorrupt, size)
	}
	h := head{size: int(size)}
	if size >= framesHead {
		if err := t.fill(ctx, n+framesHead, io.ErrUnexpectedEOF); err != nil {
			return head{}, err
		}
		if b := t.buf[t.start+n:]; bytes.Equal(b[:16], mark[:]) {
			files := binary.LittleEndian.Uint32(b[20:])
			h = head{kind(b[16]), binary.LittleEndian.Uint64(b[24:]), int(files), int(size) - framesHead}
			if !h.sane() || h.kind == kindBytes || files > 0 && !t.files {
				return head{}, ErrCorrupt
			}
			n += framesHead
		}
	}
	t.start += n
	t.head, t.begun, t.left = h, true, h.size
	return h, nil
}

// fill reads until buf has n bytes, at most its size. end is the error if the stream ends before the first of them.
func (t *frames) fill(ctx context.Context, n int, end error) error {
	if t.start > 0 && len(t.buf)-t.start < n {
		t.end = copy(t.buf, t.buf[t.start:t.end])
		t.start = 0
	}
	for t.end-t.start < n {
		if t.start == t.end {
			t.start, t.end = 0, 0
		} else {
			end = io.ErrUnexpectedEOF
		}
		room := t.buf[t.end:]
		if t.stranger {
			room = t.buf[t.end : t.start+n]
		}
		k, err := t.receive(ctx, room, end)
		t.end += k
		if err != nil {
			return err
		}
	}
	return nil
}

// receive reads what there is, and waits for at least one byte.
func (t *frames) receive(ctx context.Context, p []byte, end error) (int, error) {
	read, waits := t.stream.Read, ctx.Err() == nil
	if !waits {
		read = t.stream.ReadNow
	} else {
		defer During(ctx, t.stream.SetReadDeadline)()
	}
	n, err := read(p)
	if waits && errors.Is(err, os.ErrDeadlineExceeded) {
		n, err = t.stream.ReadNow(p) // Read has not even looked if ctx ended before it got the processor
	}
	switch {
	case t.stranger:
		t.stream.DropFiles()
	case t.files && t.tooManyFiles():
		t.stream.DropFiles()
		return 0, fmt.Errorf("%w: files that no message has announced", ErrCorrupt)
	}
	switch {
	case n > 0 || err == nil:
		return n, nil
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, os.ErrClosed) && waits && ctx.Err() != nil:
		return 0, errOver // on Windows a send that ends with the same ctx may close the stream first
	case errors.Is(err, os.ErrClosed):
		return 0, spawn.ErrClosed
	case errors.Is(err, io.EOF):
		return 0, fmt.Errorf("%s has closed the connection or died: %w", t.where, end)
	}
	return 0, fmt.Errorf("%w: receiving from %s: %w", io.ErrUnexpectedEOF, t.where, err)
}

// tooManyFiles reports whether more files have arrived than the message may have. They come with its first bytes, before its head
// is whole. A read ends where files come, so that it brings those of at most one byte of the next message.
func (t *frames) tooManyFiles() bool {
	most := mostFiles
	if t.begun {
		most = t.head.files
	}
	return t.stream.Files() > most+sys.FilesPerByte
}

func (t *frames) read(ctx context.Context, p []byte) (n int, err error) {
	p = p[:min(len(p), t.left)]
	if t.start < t.end {
		n = copy(p, t.buf[t.start:t.end])
		t.start += n
	} else if n, err = t.receive(ctx, p, io.ErrUnexpectedEOF); err != nil {
		return 0, err
	}
	t.left -= n
	return n, nil
}

func (t *frames) finish() ([]*os.File, error) {
	t.begun = false
	files, err := t.stream.TakeFiles(t.head.files, nil)
	if t.start == t.end {
		t.stream.DropFiles() // files that no message has announced
	}
	return files, err
}

func (t *frames) pack() (seed, error) {
	s, ok := t.stream.(*sys.Conn)
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: a connection over TCP cannot move to another process here", spawn.ErrUnsupported)
	case t.begun && t.left < t.head.size || t.begun && t.head.files > 0:
		return nil, errWithin
	case s.Files() > 0: // of messages that were not received yet
		return nil, errFiles
	}
	unread := t.buf[t.start:t.end]
	if t.begun {
		unread = append(t.frameHead(), unread...)
	}
	return &streamSeed{where: t.where, files: t.files, unread: unread, file: s.File()}, nil
}

// frameHead makes again what stood before the body of the message that has begun.
func (t *frames) frameHead() []byte {
	size := t.head.size
	if t.head.kind != kindBytes {
		size += framesHead
	}
	b := append([]byte{0xff, 0xff, 0xff, 0xff}, make([]byte, 8)...)
	binary.BigEndian.PutUint64(b[4:], uint64(size))
	return appendHead(b, t.head)
}

// appendHead appends the head of a message; bytes have none.
func appendHead(b []byte, h head) []byte {
	if h.kind == kindBytes {
		return b
	}
	b = append(append(b, mark[:]...), byte(h.kind), 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(h.files))
	return binary.LittleEndian.AppendUint64(b, h.sum)
}

func (t *frames) interrupt() { t.stream.Close() }

func (t *frames) close() {}

// streamSeed is the seed of an end over a stream.
type streamSeed struct {
	where  string
	files  bool
	unread []byte
	file   *os.File
}

func (s *streamSeed) open() (transport, error) {
	conn, err := sys.OpenConn(s.file)
	if err != nil {
		return nil, err
	}
	return newFrames(conn, s.where, s.files, s.unread), nil
}

func (s *streamSeed) parts() (seedKind, []byte, []*os.File) {
	state := []byte{0, byte(len(s.where))}
	if s.files {
		state[0] = 1
	}
	return seedStream, append(append(state, s.where...), s.unread...), []*os.File{s.file}
}

// streamSeedOf is the reverse of parts.
func streamSeedOf(state []byte, files []*os.File) (seed, error) {
	if len(state) < 2 || len(state) < 2+int(state[1]) || len(files) != 1 {
		return nil, ErrCorrupt
	}
	n := 2 + int(state[1])
	return &streamSeed{where: string(state[2:n]), files: state[0] == 1, unread: state[n:], file: files[0]}, nil
}

func (s *streamSeed) close() { s.file.Close() }
