package share

import (
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// Over returns a reference to r's object as another process would have it. It uses a link whose ends are ours and theirs.
// With it, tests of packages that have objects control the far end, and need no other process.
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
