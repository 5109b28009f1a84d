package share

// known is what this process knows about one object of a peer. peer.mu guards it.
type known struct {
	refs    int     // of this process
	watcher Watcher // nil: there is none
	gone    bool    // there is no such object any more, and no Watcher comes
}

// addRef notes a Ref to an object.
func (p *peer) addRef(number uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.known[number]
	if k == nil {
		if p.known == nil {
			p.known = make(map[uint32]*known)
		}
		k = new(known)
		p.known[number] = k
	}
	k.refs++
}

// dropRef notes that a Ref was collected. A Watcher stays: the owner may send to it.
func (p *peer) dropRef(number uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if k := p.known[number]; k != nil { // nil: the peer has ended
		k.refs--
		p.tidy(number, k)
	}
}

// tidy forgets an object that is of no more use. p.mu is held.
func (p *peer) tidy(number uint32, k *known) {
	if k.refs == 0 && k.watcher == nil {
		delete(p.known, number)
	}
}

// watch returns the Watcher of an object that has a Ref; the first call makes it.
func (p *peer) watch(number uint32, make func() Watcher) (Watcher, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.known[number]
	if p.over || k.gone {
		return nil, ErrGone
	}
	if k.watcher == nil {
		k.watcher = make()
	}
	return k.watcher, nil
}

// watcher is the Watcher of an object; nil: there is none.
func (p *peer) watcher(number uint32) Watcher {
	p.mu.Lock()
	defer p.mu.Unlock()
	if k := p.known[number]; k != nil {
		return k.watcher
	}
	return nil
}

// gone notes that there is no such object any more, and ends its calls and its Watcher.
func (p *peer) gone(number uint32) {
	var w Watcher
	p.mu.Lock()
	if k := p.known[number]; k != nil {
		w, k.watcher, k.gone = k.watcher, nil, true
		p.tidy(number, k)
	}
	p.mu.Unlock()
	p.calls.gone(number)
	if w != nil {
		w.Gone()
	}
}
