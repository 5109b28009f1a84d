package share

import (
	"crypto/rand"
	"sync"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// ownerID tells owners apart. A process has another one each time that it opens its door.
type ownerID [16]byte

// place is a process as this package sees it: what it owns, who uses that, and the owners of what it uses itself.
type place struct {
	self *Client // uses our own objects

	mu         sync.Mutex
	id         ownerID
	door       *sys.Door // nil while no object of ours is known elsewhere
	page       *words    // for our objects; nil: there is no shared memory
	objects    map[uint32]*entry
	clients    map[*Client]bool
	numbers    map[uint32]bool // of clients, from before they know them, and ours
	lastObject uint32
	lastClient uint32
	peers      map[ownerID]*peer
}

// entry is an object that others know.
type entry struct {
	object  Object
	rester  Rester // the same, if it is one
	own     *own   // of the references to it
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
	page := p.page // of a door before: clients have it
	if page == nil {
		var err error
		if page, err = newWordsIfWanted(); err != nil {
			return err
		}
	}
	door, err := sys.NewDoor() // last: on Windows, Close of a door alone, without Accept, gives nothing back
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
		p.page.segment.CloseFile() // the mapping stays, and the collector would leave the file open until its turn comes
	}
	p.door, p.page = nil, nil
	for c := range p.clients {
		go c.close() // once it has what was sent
	}
}

// attend lets in those who knock. When somebody has broken the door, nobody shall wait in front of it; handles that are sent later
// lead to another one.
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

// object finds an object of ours by its number; nil: there is none.
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

// retire notes that nobody has the number of a client any more.
func (p *place) retire(c *Client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.numbers, c.number)
}

// left frees what a client has held.
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
