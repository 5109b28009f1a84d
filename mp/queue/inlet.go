package queue

import (
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

// inlet is an outlet as the owner sees it. The broker looks into it whenever it does something, and has itself told of the next item if
// somebody waits for one.
type inlet struct {
	ring    *ring.Reader // nil: there is none
	segment *shm.Segment
	linked  uint32 // how many items came over the link
}

// openInlet maps the ring of a client. b.mu is held.
func (b *broker) openInlet(c *client, files []*os.File) link.Kind {
	defer link.CloseAll(files)
	if len(files) != 1 || c.inlet.segment != nil || b.dropped || b.held != nil { // what comes by a ring gets no label
		return ansNo
	}
	segment, err := shm.Open(files[0], ringSize)
	if err != nil {
		return ansNo
	}
	c.inlet.segment, c.inlet.ring = segment, ring.NewReader(segment.Bytes(), nil, nil)
	b.rings++
	return ansYes
}

// closeInlet unmaps it. b.mu is held.
func (b *broker) closeInlet(c *client) {
	c.inlet.ring = nil
	if c.inlet.segment != nil {
		c.inlet.segment.Close()
		c.inlet.segment = nil
		b.rings--
	}
}

// drain takes in what the clients have put into their rings. b.mu is held.
func (b *broker) drain() {
	for _, c := range b.all {
		b.drainOf(c, false)
	}
}

// drainOf does so for one; all: also what waits for items that did not come over the link. b.mu is held.
func (b *broker) drainOf(c *client, all bool) {
	if c.inlet.ring == nil {
		return
	}
	c.inlet.ring.Look() // once: more may come for as long as we take it in
	for more := true; more; {
		records, err := c.inlet.ring.Peek()
		if err == nil && len(records) == 0 {
			return
		}
		if err == nil {
			more, err = b.takeIn(c, records, all)
		}
		if err != nil {
			c.inlet.ring = nil
			c.of.Break()
			return
		}
	}
}

// takeIn copies records and makes items of them; more: of as many as there were. b.mu is held.
func (b *broker) takeIn(c *client, records []byte, all bool) (more bool, err error) {
	if tag, _, _, _, err := ring.Split(records, mostInRing); err != nil || tag != c.inlet.linked && !all {
		return false, err // nothing is copied in vain
	}
	cut := len(records) > lastBlock
	records = records[:min(len(records), lastBlock)]
	r := b.items.room(len(records), b.last+1)
	begin := len(r.data)
	r.data = append(r.data, records...)
	records = r.data[begin:]
	items, size := 0, 0
	for {
		tag, n, taken, ok, wrong := ring.Split(records[size:], mostInRing)
		if !ok || tag != c.inlet.linked && !all {
			more, err = !ok && items > 0, wrong
			if cut && items > 0 {
				err = nil // the last one is not whole
			}
			break
		}
		if !c.useUp(1) { // it had no right to
			err = ring.ErrCorrupt
			break
		}
		setSize(records[size:], n)
		size += taken
		items++
	}
	r.data = r.data[:begin+size]
	b.items.grew(r, items)
	b.came(items)
	c.inlet.ring.Advance(size)
	return more, err
}

// askRings has the clients tell of what they put into their rings next. It reports true if there is something already. b.mu is held.
func (b *broker) askRings() (found bool) {
	for _, c := range b.all {
		if c.inlet.ring != nil && !c.inlet.ring.RequestWake() {
			found = true
		}
	}
	return found
}
