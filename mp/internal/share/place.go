package share

import (
	"crypto/rand"
	"sync"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// ownerID identifies an owner. A process takes a new one each time that it opens its door.
type ownerID [16]byte

// place is a process as this package sees it: the objects that it owns, their clients, and the owners of the objects that
// it uses.
type place struct {
	self *Client // the client by which this process uses its own objects

	mu         sync.Mutex
	id         ownerID
	door       *sys.Door // nil: no object of this process is published, or Accept has failed
	page       *words    // for the objects of this process; nil: there is no shared memory
	objects    map[uint32]*entry
	clients    map[*Client]bool
	numbers    map[uint32]bool // of this process and of its clients, from before these know them
	lastObject uint32
	lastClient uint32
	peers      map[ownerID]*peer
}

// entry is an object that was published: other processes may know it.
type entry struct {
	object  Object
	rester  Rester // the same, if it is a Rester
	own     *own   // of this process's references to it
	number  uint32
	dropped atomic.Bool
}

// here is this process.
var here = newPlace()

func newPlace() *place {
	p := &place{
		objects: make(map[uint32]*entry),
		clients: make(map[*Client]bool),
		numbers: map[uint32]bool{1: true},
		peers:   make(map[ownerID]*peer),
	}
	p.self = &Client{place: p, number: 1, calls: new(calls)}
	p.lastClient = 1
	return p
}

// open opens the door, if it is not open. p.mu is held.
func (p *place) open() error {
	if p.door != nil {
		return nil
	}
	page := p.page // of an earlier door: clients have it
	if page == nil {
		var err error
		if page, err = newWordsIfWanted(); err != nil {
			return err
		}
	}
	door, err := sys.NewDoor() // last: on Windows, a door that is closed before Accept leaks its handles
	if err != nil {
		if page != nil && p.page == nil {
			page.segment.CloseFile()
		}
		return err
	}
	p.door, p.page = door, page
	rand.Read(p.id[:])
	go p.attend(door)
	return nil
}

// add gives an object a number. p.mu is held.
func (p *place) add(o Object, own *own) *entry {
	p.lastObject++
	e := &entry{object: o, own: own, number: p.lastObject}
	e.rester, _ = o.(Rester)
	p.objects[e.number] = e
	return e
}

// withdraw forgets an object, and closes the door after the last one.
func (p *place) withdraw(e *entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.objects[e.number] != e {
		return
	}
	delete(p.objects, e.number)
	for c := range p.clients {
		c.send(link.Msg{Kind: kindGone, ID: callID(e.number, 0)})
	}
	if len(p.objects) > 0 {
		return
	}
	if p.door != nil {
		p.door.Close()
	}
	if p.page != nil {
		p.page.segment.CloseFile() // at once, and not when the collector unmaps the page
	}
	p.door, p.page = nil, nil
	for c := range p.clients {
		go c.close() // after it got what was sent to it
	}
}

// attend lets in the processes that knock, until the door is closed. If Accept fails, attend closes the door, so that no
// process waits at it for ever. Handles that are sent later lead to a new door.
func (p *place) attend(door *sys.Door) {
	for {
		conn, err := door.Accept()
		if err != nil {
			p.mu.Lock()
			defer p.mu.Unlock()
			if p.door == door {
				door.Close()
				p.door = nil
			}
			return
		}
		go p.let(conn, door)
	}
}

// object finds an object of this process by its number; nil: there is none.
func (p *place) object(number uint32) *entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.objects[number]
}

// newClient gives a client a number. p.mu is held.
func (p *place) newClient(l link.Link) *Client {
	p.lastClient++
	p.numbers[p.lastClient] = true
	return &Client{place: p, number: p.lastClient, link: l}
}

// retire notes that a client has ended, so that no process has its number any more.
func (p *place) retire(c *Client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.numbers, c.number)
}

// left tells the objects that a client has ended, so that they free what it held.
func (p *place) left(c *Client) {
	p.mu.Lock()
	delete(p.clients, c)
	all := make([]Object, 0, len(p.objects))
	for _, e := range p.objects {
		all = append(all, e.object)
	}
	p.mu.Unlock()
	for _, o := range all {
		o.Left(c)
	}
}
