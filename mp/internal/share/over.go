package share

import (
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// Over returns a reference as another process has it, to an object of this one, over a link of which ours and theirs are the
// ends. It is for tests of the packages that have objects: they have the far end in their hands, and need no other process.
func (r *Ref) Over(ours, theirs link.Link) *Ref {
	p := r.own.place
	p.mu.Lock()
	e := r.own.publish(r.object)
	c := p.newClient(ours)
	door := p.door
	p.mu.Unlock()
	go func() {
		p.serve(c, door)
		p.retire(c)
	}()
	other := newPlace()
	peer := newPeer(other, p.id, sys.Key{})
	_ = peer.use(theirs, nil, nil, c.number)
	go peer.receive()
	other.mu.Lock()
	defer other.mu.Unlock()
	return other.refer(r.kind, peer, e.number)
}
