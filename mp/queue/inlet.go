package queue

import (
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

// inlet is the owner's end of an outlet. The broker looks into the ring whenever it does something. If something waits for
// items, the broker has the client tell of the next one.
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

// closeInlet unmaps the ring. b.mu is held.
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

// drainOf takes in what one client has put into its ring. With all, that includes items that wait for others to come over
// the link: those will not come any more. b.mu is held.
func (b *broker) drainOf(c *client, all bool) {
	if c.inlet.ring == nil {
		return
	}
	c.inlet.ring.Look() // once: more items may come for as long as the loop takes them in
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

// takeIn copies records and makes items of them. more: it has taken them all, and there may be more. b.mu is held.
func (b *broker) takeIn(c *client, records []byte, all bool) (more bool, err error) {
	if tag, _, _, _, err := ring.Split(records, mostInRing); err != nil || tag != c.inlet.linked && !all {
		return false, err // before the copy, which would be in vain
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
				err = nil // the last record was cut off
			}
			break
		}
		if !c.useUp(1) { // it was granted no room
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

// askRings has the clients tell of the next item that they put into their rings. It reports true if there is one already.
// b.mu is held.
func (b *broker) askRings() (found bool) {
	for _, c := range b.all {
		if c.inlet.ring != nil && !c.inlet.ring.RequestWake() {
			found = true
		}
	}
	return found
}
