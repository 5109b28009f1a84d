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

// slabs carry bodies that are too large for a ring: such a body lies in a slot of a slab, and the record names the slot. There
// is a slab for each class of sizes and each direction. Fresh memory is expensive, so the sender makes a slab only after it has
// sent enough bodies of that class over the stream. It uses the slab once the peer has answered that it has mapped it, and
// closes it if the peer cannot. A body for which no slot is free goes over the stream.
type slabs struct {
	lent     [len(classes)]lending // to the peer; under Rings.sending
	borrowed [len(classes)]atomic.Pointer[shm.Slab]
	answered [len(classes)]bool // which offers of the peer were answered; only the pump uses it
}

// lending is a slab that this end has made.
type lending struct {
	slab    *shm.Slab
	asked   int         // bytes that went over the stream for want of it
	ready   atomic.Bool // the peer has mapped it
	refused atomic.Bool // the peer cannot map it: the next sender closes it
}

// classes are the sizes of slots, and how many there are of each.
var classes = [...]struct{ size, slots int }{{256 << 10, 4}, {1 << 20, 4}, {4 << 20, 4}, {16 << 20, 2}}

const (
	// lendAfter: 1/lendAfter of a slab's size goes over the stream before the slab is made. Sending that much costs as much as
	// making the slab, so the total is at most twice the best possible.
	lendAfter = 2
	// lendPart: a slab takes at most 1/lendPart of the memory that is left, so that a container does not run out of it.
	lendPart = 8
	// slotSize is the body of a record that points to a slot: class, slot, length.
	slotSize = 16
)

// classOf is the smallest class whose slots hold n bytes; ok is false if there is none.
func classOf(n int) (class int, ok bool) {
	class = max(0, bits.Len(uint(n-1)>>18)+1) / 2
	return class, class < len(classes)
}

// lend copies a body to a slot and sends the message. It reports false if the message has to go over the stream. The caller
// holds l.sending.
func (l *Rings) lend(m *Msg, wake bool) (sent bool, err error) {
	class, ok := classOf(len(m.Body))
	if !ok {
		return false, nil
	}
	s := &l.slabs.lent[class]
	if s.refused.Load() && s.slab != nil {
		s.slab.Close()
		s.slab = nil // for good: asked is already past the size at which a slab is offered
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

// hand sends a message whose body lies in a slot of this end. The caller holds l.sending.
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

// Reserve is documented with Link. The memory is a slot, if there is a slab for that size.
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

// slotLoan is a slot of this end, for a body that is built there (Reserve) or copied there (lend).
type slotLoan struct {
	slab        *shm.Slab
	class, slot int
	mem         []byte
}

// holds reports whether a body lies in the slot: it has not outgrown it.
func (s *slotLoan) holds(body []byte) bool { return cap(body) > 0 && &body[:1][0] == &s.mem[0] }

func (s *slotLoan) release() { s.slab.Return(s.slot) }

// offer makes a slab and sends it to the peer. If that fails, it is not tried again. The caller holds l.sending.
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

// heedSlab handles a message about slabs, in the pump. With a file, or if that was lost, the peer offers a slab. Without one, it
// answers an offer of this end.
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
	case !l.slabs.answered[class]: // an honest peer offers one of each class; a hostile one gets no more answers
		l.slabs.answered[class] = true
		l.answerSlab(class, l.openSlab(class, m.Files))
	}
}

// openSlab maps a slab that the peer offers, and returns the answer. There is no file if this process had no descriptor for it.
func (l *Rings) openSlab(class int, files []*os.File) (answer byte) {
	if len(files) == 0 {
		return 0
	}
	slab, err := shm.OpenSlab(files[0], classes[class].slots, classes[class].size)
	if err != nil {
		return 0
	}
	l.slabs.borrowed[class].Store(slab)
	if l.closed.Load() { // Close may not have seen the slab
		slab.Close()
	}
	return 1
}

// answerSlab answers the peer's offer of a slab: 1 means mapped. The pump must not wait for the answer to be sent: if the peer's
// pump did the same, neither would read. An error means that the link has ended, which Recv and Heed report.
func (l *Rings) answerSlab(class int, what byte) {
	go func() { _ = l.urge(Msg{Kind: Kind(class), Body: []byte{what}}, flagSlab) }()
}

// borrow sets the body of a message to a slot. A child reads it in place, since it trusts its parent; the parent gets a copy.
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

// slotView is a slot of the peer that a body is borrowed from.
type slotView struct {
	slab *shm.Slab
	slot int
}

func (v *slotView) release() { v.slab.Return(v.slot) }

// close closes all slabs. A body that is still borrowed can be read until its Release.
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
