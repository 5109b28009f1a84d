package link

import (
	"fmt"
	"sync"
)

// pump reads a stream in a goroutine of its own, so that urged messages are heeded while no goroutine receives. The other
// messages wait for recv.
type pump struct {
	mu      sync.Mutex
	more    sync.Cond // wakes the receiver: for a message, an urged message, the end
	room    sync.Cond // wakes the pump
	queue   []Msg
	heeded  uint32 // how many urged messages have come
	err     error  // why no more will come
	wanted  bool   // the receiver waits for an urged message
	closed  bool   // the stream is closed or ends soon
	dropped bool   // nothing will be received any more
}

// mostQueued is how many messages the pump reads ahead. Urged messages behind more of them wait too, so a peer that urges must
// not send as many unasked.
const mostQueued = 256

// mostAhead is how many messages the pump reads ahead while the receiver waits for an urged one. An honest peer has no more on
// the way: each of them has a record in the ring, but for the last one perhaps.
const mostAhead = ringCapacity/recordHead + 1

// startPump reads from in until it ends. heeded is how many urged messages have come before. slab gets the messages about slabs.
// ended is called before f gets the end.
func startPump(in *reader, heeded uint32, f func(m Msg, end error), slab func(m Msg), ended func()) *pump {
	p := &pump{heeded: heeded}
	p.more.L, p.room.L = &p.mu, &p.mu
	go p.run(in, f, slab, ended)
	return p
}

func (p *pump) run(in *reader, f func(m Msg, end error), slab func(m Msg), ended func()) {
	for {
		m, flags, err := in.recv()
		switch {
		case err != nil || flags&flagUrgent == 0:
		case flags&flagSlab == 0:
			f(m, nil)
		case slab != nil:
			slab(m)
		default:
			discard(m)
			err = errCorrupt
		}
		p.mu.Lock()
		switch {
		case err != nil:
		case flags&flagUrgent != 0:
			p.heeded++
		default:
			err = p.keep(m)
		}
		p.err = err
		p.more.Broadcast()
		p.mu.Unlock()
		if err != nil {
			ended()
			f(Msg{}, err)
			return
		}
	}
}

// keep queues m for recv, once there is room.
func (p *pump) keep(m Msg) error {
	for len(p.queue) >= mostQueued && !p.closed && !p.wanted {
		p.room.Wait()
	}
	if p.dropped {
		discard(m)
		return nil
	}
	if p.wanted && len(p.queue) >= mostAhead {
		discard(m)
		return fmt.Errorf("%w: messages without end, and not the one that it says it has urged", errCorrupt)
	}
	p.queue = append(p.queue, m)
	return nil
}

// recv returns the next message that was not urged.
func (p *pump) recv() (Msg, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.queue) == 0 && p.err == nil {
		p.more.Wait()
	}
	if len(p.queue) == 0 {
		return Msg{}, p.err
	}
	m := p.queue[0]
	p.queue[0] = Msg{}
	p.queue = p.queue[1:]
	p.room.Signal()
	return m, nil
}

// poll reports whether recv would return at once.
func (p *pump) poll() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.queue) > 0 || p.err != nil
}

// awaitHeeded waits until n urged messages have been heeded, or the end. The counter wraps round.
func (p *pump) awaitHeeded(n uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for int32(p.heeded-n) < 0 && p.err == nil {
		p.wanted = true // the urged one may be behind any number of others
		p.room.Signal()
		p.more.Wait()
	}
	p.wanted = false
}

// ended says why the stream has ended. It is nil before that.
func (p *pump) ended() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// close lets the pump read on to the end of its stream, however full its queue is. The stream is closed or ends soon.
func (p *pump) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.room.Signal()
}

// drop is close for a stream from which nothing will be received any more: it discards what is queued, and what still comes.
func (p *pump) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed, p.dropped = true, true
	for _, m := range p.queue {
		discard(m)
	}
	p.queue = nil
	p.room.Signal()
}

func discard(m Msg) {
	m.Release()
	m.CloseFiles()
}
