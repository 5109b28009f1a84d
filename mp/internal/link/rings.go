package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// Rings is a link over memory that both processes map, with a stream beside it:
//
//	small messages         a ring for each direction: no system call while the peer is awake
//	large messages         in slots of slabs; a record in the ring names the slot
//	files, the largest     over the stream; a record in the ring holds their place in the order
//	urged messages         over the stream; each record says how many urged messages went before it
//	the end                the end of the stream: the peer closed it, or died. Records in the ring are still delivered
type Rings struct {
	stream  *Stream
	shared  *Shared
	journal *Journal
	parent  bool // this is the parent's end
	slabs   slabs

	closed atomic.Bool
	ended  atomic.Bool   // the stream has ended
	urged  atomic.Uint32 // how many messages this end has urged

	sending sync.Mutex
	out     *ring.Writer
	head    [recordHead]byte

	reads, writes *sys.Bell     // this end's: for a record, and for room
	waiting       sync.Mutex    // held by the one goroutine that waits for writes
	crowded       atomic.Bool   // a sender waits for room, or is about to
	beside        atomic.Bool   // a caller is in RecvBeside
	turnedAway    atomic.Bool   // Recv's bell has rung, and Recv could not look for the caller beside it
	left          atomic.Uint32 // how many callers have left the place beside Recv
	unlessFilled  func(uintptr) bool

	receiving sync.Mutex
	sleeps    bool // Recv sleeps, or is about to
	in        *ring.Reader
	block     *block // received bodies lie in [0:used)
	used      int
	heeded    uint32 // how many urged messages have been heeded, as far as Recv knows
}

// A record is a head and the body of a message:
//
//	 0      1       2      4         8               16
//	+------+-------+------+---------+---------------+------
//	| kind | where | zero | urged   | id            | body
//	+------+-------+------+---------+---------------+------
const (
	recordHead = 16
	// where
	inRecord = 0
	inSlab   = 1
	onStream = 2
)

// mostInRing is the largest body that goes through a ring.
var mostInRing = ring.Most(ringCapacity) - recordHead

// NewRings makes the parent's or the child's end of a link from shared memory and a stream. It owns both; nothing else may read
// from the stream any more.
func NewRings(stream *Stream, shared *Shared, parent bool) *Rings {
	l := &Rings{stream: stream, shared: shared, parent: parent}
	l.in, l.out, l.journal = ringsOf(shared, parent)
	l.reads, l.writes = ownBells(shared, parent)
	l.unlessFilled = l.sleepUnlessFilled
	return l
}

// Send is documented with Link.
func (l *Rings) Send(m Msg) error { return l.send(m, true) }

// Post is documented with Link: the message is visible at once, and the peer is not woken.
func (l *Rings) Post(m Msg) error { return l.send(m, false) }

func (l *Rings) send(m Msg, wake bool) error {
	l.sending.Lock()
	defer l.sending.Unlock()
	if loan, ok := m.lender.(*slotLoan); ok {
		if loan.holds(m.Body) && len(m.Body) > mostInRing && len(m.Files) == 0 {
			return l.hand(&m, loan, wake)
		}
		defer m.Release()
	}
	if l.Fits(m) {
		return l.write(m.Kind, inRecord, m.ID, m.Body, wake)
	}
	if len(m.Files) == 0 {
		if sent, err := l.lend(&m, wake); sent || err != nil {
			return err
		}
	}
	// The record comes after the message is in the stream, so that the peer's Recv, when it reads the record, surely gets it.
	if err := l.stream.Send(m); err != nil {
		return err
	}
	return l.write(m.Kind, onStream, m.ID, nil, wake)
}

// Fits reports whether m goes through the ring: it has no files and is small.
func (l *Rings) Fits(m Msg) bool { return len(m.Files) == 0 && len(m.Body) <= mostInRing }

// Try is Send that does not wait. If m does not fit, or there is no room for it now, Try reports false and sends nothing.
func (l *Rings) Try(m Msg) (sent bool, err error) {
	if !l.Fits(m) {
		return false, nil
	}
	l.sending.Lock()
	defer l.sending.Unlock()
	return l.put(m.Kind, inRecord, m.ID, m.Body, true)
}

// AwaitRoom waits until Try has room for a body of n bytes, or until the link ends. No other goroutine can send meanwhile.
func (l *Rings) AwaitRoom(n int) error {
	l.sending.Lock()
	defer l.sending.Unlock()
	if l.closed.Load() {
		return ErrClosed
	}
	return l.awaitRoom(recordHead + n)
}

// write puts a record into the ring, and waits for room if it has to. The caller holds l.sending.
func (l *Rings) write(kind Kind, where byte, id uint64, body []byte, wake bool) error {
	for {
		if ok, err := l.put(kind, where, id, body, wake); ok || err != nil {
			return err
		}
		if err := l.awaitRoom(recordHead + len(body)); err != nil {
			return err
		}
	}
}

// put puts a record into the ring if there is room. The caller holds l.sending.
func (l *Rings) put(kind Kind, where byte, id uint64, body []byte, wake bool) (ok bool, err error) {
	switch {
	case l.closed.Load():
		return false, ErrClosed
	case l.ended.Load():
		return false, ErrGone
	}
	l.head[0], l.head[1] = byte(kind), where
	binary.LittleEndian.PutUint32(l.head[4:], l.urged.Load())
	binary.LittleEndian.PutUint64(l.head[8:], id)
	ok, err = l.out.Write(l.head[:], body)
	if err != nil {
		return false, fmt.Errorf("%w: %w", errCorrupt, err)
	}
	if ok && wake {
		l.out.Wake()
	}
	return ok, nil
}

// Flush is documented with Link.
func (l *Rings) Flush() error {
	l.sending.Lock()
	if !l.closed.Load() {
		l.out.Wake()
	}
	l.sending.Unlock()
	return l.stream.Flush()
}

// Urge is documented with Link.
func (l *Rings) Urge(m Msg) error { return l.urge(m, 0) }

// urge counts the message before it sends it, so that every later record has the count. A message that could not be sent does
// not count.
func (l *Rings) urge(m Msg, flags byte) error {
	l.urged.Add(1)
	err := l.stream.out.send(m, flagUrgent|flags, true)
	if errors.Is(err, ErrNotSent) {
		l.urged.Add(^uint32(0))
	}
	return err
}

// Heed is documented with Link.
func (l *Rings) Heed(f func(m Msg, end error)) {
	l.stream.setPump(startPump(&l.stream.in, l.stream.heeded, f, l.heedSlab, func() {
		l.ended.Store(true)
		l.in.End()
		l.out.End()
	}))
}

// Recv is documented with Link.
func (l *Rings) Recv() (Msg, error) {
	l.receiving.Lock()
	defer l.receiving.Unlock()
	for {
		if l.closed.Load() {
			return Msg{}, ErrClosed
		}
		ended := l.ended.Load() // before Next: if true, the ring has all that the peer sent
		record, ok, err := l.in.Next()
		switch {
		case err != nil:
			return Msg{}, fmt.Errorf("%w: %w", errCorrupt, err)
		case ok:
			return l.take(record)
		case ended:
			return Msg{}, l.stream.pump.Load().ended()
		default:
			if !l.in.SpinForRecord() && l.sleep() != nil {
				return Msg{}, ErrClosed
			}
		}
	}
}

// take makes a message of a record.
func (l *Rings) take(record []byte) (m Msg, err error) {
	if len(record) < recordHead {
		return m, errCorrupt
	}
	head := [recordHead]byte(record) // a copy: the peer could still write there
	if urged := binary.LittleEndian.Uint32(head[4:]); urged != l.heeded {
		l.stream.pump.Load().awaitHeeded(urged)
		l.heeded = urged
	}
	m.Kind, m.ID = Kind(head[0]), binary.LittleEndian.Uint64(head[8:])
	switch head[1] {
	case inRecord:
		l.keep(&m, record[recordHead:])
		l.in.Done()
	case inSlab:
		err = l.borrow(&m, record[recordHead:])
		l.in.Done()
		if err != nil {
			return m, err
		}
	case onStream:
		l.in.Done()
		if m, err = l.stream.pump.Load().recv(); err != nil {
			return m, truncated(err)
		}
	default:
		return m, errCorrupt
	}
	return m, nil
}

// keep copies a body out of the ring, so that the peer cannot change it any more.
func (l *Rings) keep(m *Msg, body []byte) {
	if len(body) == 0 {
		return
	}
	if l.block != nil && l.block.refs.Load() == 1 {
		l.used = 0
	}
	if l.block == nil || len(body) > len(l.block.data)-l.used {
		if l.block != nil {
			l.block.release()
		}
		l.block, l.used = newBlock(), 0
	}
	end := l.used + len(body)
	m.Body = l.block.data[l.used:end:end]
	copy(m.Body, body)
	m.lender = l.block
	l.block.refs.Add(1)
	l.used = end
}

// Poll is documented with Link.
func (l *Rings) Poll() bool {
	l.receiving.Lock()
	defer l.receiving.Unlock()
	return l.closed.Load() || l.in.Filled()
}

// Journal is documented with Link. After Close it still has what was noted last.
func (l *Rings) Journal() *Journal { return l.journal }

// Close is documented with Link.
func (l *Rings) Close() error {
	if l.closed.Swap(true) {
		return nil
	}
	err := l.stream.Close()
	l.in.End()
	l.out.End()
	l.sending.Lock()
	defer l.sending.Unlock()
	l.receiving.Lock()
	defer l.receiving.Unlock()
	l.journal.keep()
	l.shared.Close()
	l.slabs.close()
	if l.block != nil {
		l.block.release()
		l.block = nil
	}
	return err
}
