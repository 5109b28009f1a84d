package link

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"os"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// slabs hand over bodies that are too large for a ring: they lie in a slot of a slab, and the record says in which. There is a
// slab for each class of sizes, and for each direction. The sender makes it when it has sent enough of that class over
// the stream to believe in more, since fresh memory has its price, and uses it once the peer has answered that it has
// mapped it; if the peer cannot, it is given up. What finds no slot goes over the stream.
type slabs struct {
	lent     [len(classes)]lending // to the peer; under Rings.sending
	borrowed [len(classes)]atomic.Pointer[shm.Slab]
	answered [len(classes)]bool // the peer's offers; for the pump
}

// lending is a slab of ours.
type lending struct {
	slab    *shm.Slab
	asked   int         // bytes that went over the stream for want of it
	ready   atomic.Bool // the peer has mapped it
	refused atomic.Bool // the peer cannot: who sends next gives it up
}

// classes are the sizes of slots, and how many there are of each.
var classes = [...]struct{ size, slots int }{{256 << 10, 4}, {1 << 20, 4}, {4 << 20, 4}, {16 << 20, 2}}

const (
	// lendAfter: the part of a slab's size, 1/lendAfter, that goes over the stream first. That has cost what the slab costs, so
	// that all of it costs at most twice what it had to.
	lendAfter = 2
	// lendPart is the part of the memory that is left that a slab may be, 1/lendPart: a container shall not run out of it
	// because of us.
	lendPart = 8
	// slotSize is the body of a record that points to a slot: class, slot, length.
	slotSize = 16
)

// classOf is the smallest class whose slots hold n bytes; ok is false if there is none.
func classOf(n int) (class int, ok bool) {
	class = max(0, bits.Len(uint(n-1)>>18)+1) / 2
	return class, class < len(classes)
}

// lend sends a message by way of a slot; false: it has to go over the stream. l.sending is held.
func (l *Rings) lend(m *Msg, wake bool) (sent bool, err error) {
	class, ok := classOf(len(m.Body))
	if !ok {
		return false, nil
	}
	s := &l.slabs.lent[class]
	if s.refused.Load() && s.slab != nil {
		s.slab.Close()
		s.slab = nil // and asked is beyond what another one is made for
	}
	if s.slab == nil {
		before, enough := s.asked, classes[class].size*classes[class].slots/lendAfter
		if s.asked += len(m.Body); before < enough && s.asked >= enough {
			l.offer(class)
		}
		return false, nil
	}
	if !s.ready.Load() {
		return false, nil
	}
	slot, mem, ok := s.slab.Take()
	if !ok {
		return false, nil
	}
	copy(mem, m.Body)
	return true, l.hand(m, &slotLoan{s.slab, class, slot, mem}, wake)
}

// hand sends a message whose body lies in a slot of ours. l.sending is held.
func (l *Rings) hand(m *Msg, in *slotLoan, wake bool) error {
	var where [slotSize]byte
	binary.LittleEndian.PutUint32(where[:], uint32(in.class))
	binary.LittleEndian.PutUint32(where[4:], uint32(in.slot))
	binary.LittleEndian.PutUint64(where[8:], uint64(len(m.Body)))
	in.slab.Hand(in.slot)
	err := l.write(m.Kind, inSlab, m.ID, where[:], wake)
	if err != nil {
		in.slab.Return(in.slot)
	}
	return err
}

// Reserve is documented with Link: a slot, if there is a slab for that size.
func (l *Rings) Reserve(n int) (m Msg) {
	class, ok := classOf(n)
	if n <= mostInRing || !ok {
		return m
	}
	l.sending.Lock()
	defer l.sending.Unlock()
	s := &l.slabs.lent[class]
	if s.slab == nil || !s.ready.Load() {
		return m
	}
	if slot, mem, ok := s.slab.Take(); ok {
		m.Body, m.lender = mem[:0], &slotLoan{s.slab, class, slot, mem}
	}
	return m
}

// slotLoan is a slot of ours, for a body that is built there (Reserve) or copied there (lend).
type slotLoan struct {
	slab        *shm.Slab
	class, slot int
	mem         []byte
}

// holds reports whether a body lies where it was to be built: it has not outgrown it.
func (s *slotLoan) holds(body []byte) bool { return cap(body) > 0 && &body[:1][0] == &s.mem[0] }

func (s *slotLoan) release() { s.slab.Return(s.slot) }

// offer makes a slab and sends it to the peer. If it cannot be had, it is not tried again. l.sending is held.
func (l *Rings) offer(class int) {
	c := classes[class]
	if !sys.HasRoom(uint64(c.slots*c.size) * lendPart) {
		return
	}
	slab, err := shm.NewSlab(c.slots, c.size)
	if err != nil {
		return
	}
	defer slab.CloseFile()
	if l.urge(Msg{Kind: Kind(class), Files: []*os.File{slab.File()}}, flagSlab) != nil {
		slab.Close()
		return
	}
	l.slabs.lent[class].slab = slab
}

// heedSlab takes in what the peer says of slabs, in the pump: here is one, or, without a file, what became of ours.
func (l *Rings) heedSlab(m Msg) {
	defer m.Release()
	defer m.CloseFiles()
	class := int(m.Kind)
	switch {
	case class >= len(classes):
	case len(m.Files) == 0 && !m.Lost:
		mapped := len(m.Body) == 1 && m.Body[0] == 1
		l.slabs.lent[class].ready.Store(mapped)
		if !mapped {
			l.slabs.lent[class].refused.Store(true)
		}
	case !l.slabs.answered[class]: // a peer offers one, and might go on for ever
		l.slabs.answered[class] = true
		l.answerSlab(class, l.openSlab(class, m.Files))
	}
}

// openSlab borrows a slab of the peer's, and returns the answer. There is no file if we had no descriptor for it.
func (l *Rings) openSlab(class int, files []*os.File) (answer byte) {
	if len(files) == 0 {
		return 0
	}
	slab, err := shm.OpenSlab(files[0], classes[class].slots, classes[class].size)
	if err != nil {
		return 0
	}
	l.slabs.borrowed[class].Store(slab)
	if l.closed.Load() { // and Close has not seen it
		slab.Close()
	}
	return 1
}

// answerSlab says what became of a slab of the peer's: 1, it is borrowed. The pump does not wait for that, as the peer's pump may be at
// the same, and each of them is the only one that reads. When it cannot be said any more the link has ended, of which others hear.
func (l *Rings) answerSlab(class int, what byte) {
	go func() { _ = l.urge(Msg{Kind: Kind(class), Body: []byte{what}}, flagSlab) }()
}

// borrow fills in a body that lies in a slot. A child may read it there, since it trusts its parent; the parent reads a copy.
func (l *Rings) borrow(m *Msg, where []byte) error {
	if len(where) != slotSize {
		return errCorrupt
	}
	class := int(binary.LittleEndian.Uint32(where))
	slot := int(binary.LittleEndian.Uint32(where[4:]))
	n := binary.LittleEndian.Uint64(where[8:])
	if class < 0 || class >= len(classes) || n > uint64(classes[class].size) {
		return errCorrupt
	}
	slab := l.slabs.borrowed[class].Load()
	if slab == nil {
		return errCorrupt
	}
	view, err := slab.View(slot, int(n))
	if err != nil {
		return fmt.Errorf("%w: %w", errCorrupt, err)
	}
	if !l.parent {
		m.Body, m.lender = view, &slotView{slab, slot}
		return nil
	}
	b := newBuffer(class)
	m.Body, m.lender = append(b.data[:0], view...), b
	b.data = m.Body
	slab.Return(slot)
	return nil
}

// slotView is what a body in a slot is borrowed from.
type slotView struct {
	slab *shm.Slab
	slot int
}

func (v *slotView) release() { v.slab.Return(v.slot) }

// close gives all slabs up. A body that is still borrowed can be read until its Release.
func (s *slabs) close() {
	for class := range classes {
		if s.lent[class].slab != nil {
			s.lent[class].slab.Close()
		}
		if slab := s.borrowed[class].Load(); slab != nil {
			slab.Close()
		}
	}
}
