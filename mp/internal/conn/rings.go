package conn

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// rings is the transport of a Pipe over shared memory: a ring for each direction, and a socket, which carries files and tells
// when the other end is gone. A message is one or more records. The first record begins with the head of the message:
//
//	 0      1      4       8      16     24
//	+------+------+-------+------+------+------
//	| kind | zero | files | sum  | size | body
//	+------+------+-------+------+------+------
//
// The other records are the rest of the body. An empty one takes the message back. The files are in the socket before the first
// record is in the ring. The only state of an end is its position in the rings, so that it can move to another process.
type rings struct {
	seed   *ringsSeed
	conn   *sys.Conn
	memory *memory

	out     *ring.Writer
	outBell *bell
	cut     bool // the last message was sent in part, and must be taken back
	first   [ringsHead]byte

	in     *ring.Reader
	inBell *bell
	head   head
	begun  bool   // head is that of the message that next returned
	part   []byte // the unread part of the current record
	left   int    // how many bytes of the body are left

	ended, closed atomic.Bool
}

const (
	ringsHead    = 24
	ringCapacity = 512 << 10
	// mostPart is the length of the longest record. It is short, so that one end writes while the other one reads.
	mostPart = 64 << 10
	// mostTakenBack is how many messages a ring can hold that were taken back: each has a first record of that length.
	mostTakenBack = ringCapacity / mostPart
)

// ringsSeed is the seed of an end of a pipe over shared memory.
type ringsSeed struct {
	side   int
	in     uint64 // positions in the rings
	out    uint64
	cut    bool
	socket *os.File
	memory *memory    // nil: not opened yet, from files
	files  []*os.File // of the memory
}

func (s *ringsSeed) open() (transport, error) {
	if s.memory == nil {
		m, err := openMemory(s.files)
		s.files = nil
		if err != nil {
			s.socket.Close()
			return nil, err
		}
		s.memory = m
	}
	conn, err := sys.OpenConn(s.socket)
	if err != nil {
		s.memory.leave()
		return nil, err
	}
	t := &rings{seed: s, conn: conn, memory: s.memory, cut: s.cut}
	s.memory.pid(s.side).Store(uint32(os.Getpid()))
	t.inBell, t.outBell = newBell(s.memory.Bell(s.side, shm.Reads)), newBell(s.memory.Bell(s.side, shm.Writes))
	t.in = ring.NewReaderAt(s.memory.ring(1-s.side), t.inBell, s.memory.Bell(1-s.side, shm.Writes), s.in)
	t.out = ring.NewWriterAt(s.memory.ring(s.side), s.memory.Bell(1-s.side, shm.Reads), t.outBell, s.out)
	go t.watch()
	return t, nil
}

// watch waits for the end of the other end, and ends all waits then.
func (t *rings) watch() {
	t.conn.AwaitHangup()
	t.ended.Store(true)
	t.in.End()
	t.out.End()
}

func (s *ringsSeed) close() {
	s.socket.Close()
	link.CloseAll(s.files)
	if s.memory != nil {
		s.memory.leave()
	}
}

func (t *rings) send(ctx context.Context, h head, body []byte, files []*os.File) (intact bool, err error) {
	if t.cut {
		if err := t.write(ctx, nil, nil); err != nil {
			return true, err
		}
		t.cut = false
	}
	if t.ended.Load() {
		return true, t.gone(spawn.ErrClosed)
	}
	n := min(len(body), mostPart-ringsHead)
	if len(files) > 0 {
		// Wait for room first: files without their record could not be taken back.
		if err := t.awaitRoom(ctx, ringsHead+n); err != nil {
			return true, err
		}
		if intact, err := t.sendFiles(ctx, files); err != nil {
			return intact, err
		}
	}
	t.first[0] = byte(h.kind)
	binary.LittleEndian.PutUint32(t.first[4:], uint32(h.files))
	binary.LittleEndian.PutUint64(t.first[8:], h.sum)
	binary.LittleEndian.PutUint64(t.first[16:], uint64(h.size))
	if err := t.write(ctx, t.first[:], body[:n]); err != nil {
		return len(files) == 0, err
	}
	for body = body[n:]; len(body) > 0; body = body[n:] {
		n = min(len(body), mostPart)
		if err := t.write(ctx, nil, body[:n]); err != nil {
			t.cut = true
			return true, err
		}
	}
	return false, nil
}

// sendFiles sends files, 253 with each byte.
func (t *rings) sendFiles(ctx context.Context, files []*os.File) (intact bool, err error) {
	defer During(ctx, t.conn.SetWriteDeadline)()
	return unsent(t.conn.Write([][]byte{make([]byte, filesBytes(len(files)))}, files))
}

// write puts a record into the ring, and waits for room if it has to.
func (t *rings) write(ctx context.Context, head, body []byte) error {
	if err := t.awaitRoom(ctx, len(head)+len(body)); err != nil {
		return err
	}
	if _, err := t.out.Write(head, body); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	t.out.Wake()
	return nil
}

// awaitRoom waits until there is room for a record of n bytes. The caller is the only writer, so the room stays.
func (t *rings) awaitRoom(ctx context.Context, n int) error {
	for {
		switch {
		case t.closed.Load():
			return spawn.ErrClosed
		case t.ended.Load():
			return t.gone(spawn.ErrClosed)
		}
		switch ok, err := t.out.Fits(n); {
		case err != nil:
			return fmt.Errorf("%w: %w", ErrCorrupt, err)
		case ok:
			return nil
		case ctx.Err() != nil:
			return errOver
		}
		t.outBell.ctx = ctx
		// For half of the ring, so that the two ends do not wake each other for every record. The loop finds out why it ended.
		_ = t.out.AwaitRoom(ring.Most(ringCapacity), true)
	}
}

// record waits for the next record. end is the error if the other end is gone and no record is left.
func (t *rings) record(ctx context.Context, end error) ([]byte, error) {
	for {
		ended := t.ended.Load() // before Next: if true, the ring has all that was sent
		switch record, ok, err := t.in.Next(); {
		case t.closed.Load():
			return nil, spawn.ErrClosed
		case err != nil:
			return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
		case ok:
			return record, nil
		case ended:
			return nil, t.gone(end)
		case ctx.Err() != nil:
			return nil, errOver
		}
		t.inBell.ctx = ctx
		_ = t.in.Await(true) // the loop finds out why it ended
	}
}

func (t *rings) next(ctx context.Context) (head, error) {
	for !t.begun {
		record, err := t.record(ctx, io.EOF)
		switch {
		case err != nil:
			return head{}, err
		case len(record) == 0: // takes back nothing; this library never sends that
			t.in.Done()
			if ctx.Err() != nil { // there may be more of them without end
				return head{}, errOver
			}
			continue
		case len(record) < ringsHead:
			return head{}, ErrCorrupt
		}
		raw := [ringsHead]byte(record) // a copy: the other end could still write there
		size, files := binary.LittleEndian.Uint64(raw[16:]), binary.LittleEndian.Uint32(raw[4:])
		t.part = record[ringsHead:]
		if size > mostSize || uint64(len(t.part)) > size || len(t.part) == 0 && size > 0 {
			return head{}, ErrCorrupt
		}
		t.head = head{kind(raw[0]), binary.LittleEndian.Uint64(raw[8:]), int(files), int(size)}
		if !t.head.sane() {
			return head{}, ErrCorrupt
		}
		t.begun, t.left = true, int(size)
	}
	return t.head, nil
}

func (t *rings) read(ctx context.Context, p []byte) (int, error) {
	if len(t.part) == 0 {
		record, err := t.record(ctx, io.ErrUnexpectedEOF)
		switch {
		case err != nil:
			return 0, err
		case len(record) == 0:
			t.in.Done()
			t.begun = false
			if files, err := t.takeFiles(); err == nil {
				link.CloseAll(files)
			}
			return 0, errTakenBack
		case len(record) > t.left:
			return 0, ErrCorrupt
		}
		t.part = record
	}
	n := copy(p, t.part)
	t.part = t.part[n:]
	if t.left -= n; len(t.part) == 0 {
		t.in.Done()
	}
	return n, nil
}

func (t *rings) finish() ([]*os.File, error) {
	if t.head.size == 0 {
		t.in.Done()
	}
	t.begun = false
	return t.takeFiles()
}

// takeFiles takes the files of the message from the socket.
func (t *rings) takeFiles() ([]*os.File, error) {
	if t.head.files == 0 {
		return nil, nil
	}
	var one [1]byte
	var lost error
	for range filesBytes(t.head.files) { // all of them, so that the next message has its own
		if _, err := t.conn.ReadNow(one[:]); err != nil {
			lost = fmt.Errorf("the files of the message: %w", err)
		}
	}
	defer t.conn.DropFiles() // files that the message has not announced
	if lost != nil {
		return nil, lost
	}
	return t.conn.TakeFiles(t.head.files, nil)
}

// gone says which process had the other end, which is gone.
func (t *rings) gone(err error) error {
	if pid := t.memory.pid(1 - t.seed.side).Load(); pid != 0 {
		return fmt.Errorf("process %d, which had the other end of the pipe, has closed it or died: %w", pid, spawn.Inner(err))
	}
	return fmt.Errorf("the other end of the pipe was closed before anybody had used it: %w", spawn.Inner(err))
}

func (t *rings) pack() (seed, error) {
	if t.begun && (t.left < t.head.size) {
		return nil, errWithin
	}
	s := *t.seed
	s.in, s.out, s.cut, s.socket = t.in.At(), t.out.At(), t.cut, t.conn.File()
	return &s, nil
}

func (s *ringsSeed) parts() (seedKind, []byte, []*os.File) {
	state := binary.LittleEndian.AppendUint64(nil, s.in)
	state = binary.LittleEndian.AppendUint64(state, s.out)
	state = append(state, byte(s.side), 0)
	if s.cut {
		state[17] = 1
	}
	files := s.files
	if s.memory != nil {
		files = s.memory.Files()
	}
	return seedRings, state, append([]*os.File{s.socket}, files...)
}

// ringsSeedOf is the reverse of parts.
func ringsSeedOf(state []byte, files []*os.File) (seed, error) {
	if len(state) != 18 || state[16] > 1 || len(files) != 1+shm.ChannelFiles {
		return nil, ErrCorrupt
	}
	return &ringsSeed{
		in: binary.LittleEndian.Uint64(state), out: binary.LittleEndian.Uint64(state[8:]),
		side: int(state[16]), cut: state[17] != 0, socket: files[0], files: files[1:],
	}, nil
}

func (t *rings) interrupt() {
	t.closed.Store(true)
	t.in.End()
	t.out.End()
	t.conn.SetWriteDeadline(past)
}

func (t *rings) close() {
	t.inBell.forget()
	t.outBell.forget()
	t.conn.Close()
	t.memory.leave()
}
