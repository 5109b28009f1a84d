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
// slab for each class of sizes, and for each direction. The sender makes it when it has sent enough bodies of that class
// over the stream to believe in more, since fresh memory costs as much as some ten of them; and uses it once the peer has
// answered that it has mapped it. What finds no slot goes over the stream.
type slabs struct {
	lent     [len(classes)]lending // to the peer; under Rings.sending
	borrowed [len(classes)]atomic.Pointer[shm.Slab]
}

// lending is a slab of ours.
type lending struct {
	slab  *shm.Slab
	asked int         // bodies that went over the stream for want of it
	ready atomic.Bool // the peer has mapped it
}

// classes are the sizes of slots, and how many there are of each.
var classes = [...]struct{ size, slots int }{{256 << 10, 4}, {1 << 20, 4}, {4 << 20, 4}, {16 << 20, 2}}

const (
	// lendAfter is how many bodies of a class go over the stream first.
	lendAfter = 8
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
	if s.slab == nil {
		if s.asked++; s.asked == lendAfter {
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
	var where [slotSize]byte
	binary.LittleEndian.PutUint32(where[:], uint32(class))
	binary.LittleEndian.PutUint32(where[4:], uint32(slot))
	binary.LittleEndian.PutUint64(where[8:], uint64(len(m.Body)))
	if err := l.write(m.Kind, inSlab, m.ID, where[:], wake); err != nil {
		s.slab.Return(slot)
		return false, err
	}
	return true, nil
}

// offer makes a slab and sends it to the peer. If it cannot be had, it is not tried again. l.sending is held.
func (l *Rings) offer(class int) {
	c := classes[class]
	if uint64(c.slots*c.size) > sys.MemoryRoom()/lendPart {
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

// slab takes in what the peer says of slabs, in the pump: here is one, or, without a file, what became of ours.
func (l *Rings) slab(m Msg) {
	defer m.Release()
	defer m.CloseFiles()
	class := int(m.Kind)
	switch {
	case class >= len(classes):
	case len(m.Files) == 0:
		l.slabs.lent[class].ready.Store(len(m.Body) == 1 && m.Body[0] == 1)
	case l.slabs.borrowed[class].Load() == nil:
		answer := []byte{0}
		if slab, err := shm.OpenSlab(m.Files[0], classes[class].slots, classes[class].size); err == nil {
			l.slabs.borrowed[class].Store(slab)
			answer[0] = 1
			if l.closed.Load() { // and Close has not seen it
				slab.Close()
			}
		}
		_ = l.urge(Msg{Kind: m.Kind, Body: answer}, flagSlab) // or the end, of which others hear
	}
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
