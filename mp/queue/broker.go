package queue

import (
	"encoding/binary"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// broker is a queue in its owner. It counts, for each client,
//
//	as a producer   how much room it was granted, and how much of that was used for an item or taken back. The rest is
//	                reserved
//	as a consumer   how many items were sent to it, and which of them are neither taken nor taken back: it has them ahead
//
// The words that a client shares with its owner hold the rest. The client raises used for each item that it puts; the
// broker raises used, too, to take room back. In ahead, the client takes the first of the items that it has ahead, and the
// broker takes back the last ones. Whichever of the two changes the word has the room or the item. So the broker knows what
// a killed client had.
//
// An item that was sent ahead to a slow consumer goes to another one that waits for it, unless that one has already got a
// later item: the items of a producer stay in order. But a consumer that stands still (stillness) loses its items in any
// order.
type broker struct {
	ref      *share.Ref
	capacity int // 0: unbounded
	joinable bool

	mu     sync.Mutex
	wanted atomic.Int32 // how many requests of clients wait for mu
	items  store
	last   uint64 // the number of the last item that came
	got    uint64 // the highest number of an item that this process got; one that came back may be lower

	clients map[*share.Client]*client
	all     []*client     // the same
	gets    fifo[*waiter] // wait for an item
	puts    fifo[*waiter] // wait for room
	joins   []*waiter     // wait until all is done

	closed  bool
	dropped bool // nothing is left to get, and the Ref was dropped

	// Items are given out many at a time.
	fresh int // items that came since they were last given out

	refusal *time.Timer // runs while a "now or never" waiter waits for items on their way
	grace   *time.Timer // runs while bePatient watches for clients that stand still

	rings    int       // clients that have a ring
	spinning bool      // a goroutine of this process watches for items
	spin     ring.Spin // of that goroutine

	unfinished int // of a JoinableQueue: items that are not done, of those that have come
	lost       int // items that were in the hands of clients that died, since the beginning
	told       int // how many of lost have been reported by Join

	held map[uint64]item // items in the hands of this process; nil: not an AcknowledgedQueue
}

// waiter is what waits at the broker: a request of a client, or a goroutine of this process.
type waiter struct {
	request share.Request
	client  *client     // nil: a goroutine of this process
	answer  chan answer // of this process
	item    item        // of this process: the item that it puts
	now     bool        // now or never: it does not wait for items or room
	never   time.Time   // with now: when it gets ansNo although items are on their way
	looks   bool        // takes nothing (Ready)
}

// answer is what a goroutine of this process gets.
type answer struct {
	kind link.Kind
	item item
	n    int
}

// client is what the broker knows of a client.
type client struct {
	of *share.Client

	used      share.Word // these three are nil without shared memory
	limit     share.Word // granted, for the client to see
	aheadWord share.Word // what it has ahead, an aheadWord
	granted   uint64
	usedUp    uint64
	inlet     inlet

	sent   uint64
	ahead  store           // items that were sent and, when last seen, neither taken nor taken back
	got    uint64          // the highest number of an item that it has taken
	target int             // how many items it should have ahead
	stood  uint64          // the first of its aheadWord when the grace timer started
	stuck  bool            // it was still there when the timer ended
	hungry bool            // it has asked for more
	fed    time.Time       // when items were sent to it last
	handed int             // items that it has got
	lent   int             // of these, how many it has neither confirmed nor given back; only where that can happen, see give
	done   int             // items that it has done
	held   map[uint64]item // items in its hands; nil: not an AcknowledgedQueue
}

const (
	// unboundedRoom is the room of a client in an unbounded queue.
	unboundedRoom = 1 << 62
	// mostAhead, aheadFor and mostBytes bound what is sent ahead; one item may always be sent.
	mostAhead = 4096
	aheadFor  = 2 * time.Millisecond
	mostBytes = 192 << 10
	// mostAtOnce is how many bytes of that one message holds.
	mostAtOnce = 32 << 10
	// linger bounds how long, and holdFor until how many items are there, the broker holds a client that asks again right
	// after it got items.
	linger  = 50 * time.Microsecond
	holdFor = 256
	// mostFresh is how many items may come before they are given out, while more are coming.
	mostFresh = 128
	// arrivalTime is how long "now or never" may wait for items that other processes have put and that are on their way.
	arrivalTime = 100 * time.Millisecond
	// stillness is how long a consumer may stand still before the items that it has ahead go to any waiter, in order or
	// not.
	stillness = 50 * time.Millisecond
	nowhere   = math.MaxUint64
)

func newBroker(capacity int, joinable bool) *broker {
	return &broker{capacity: max(capacity, 0), joinable: joinable, clients: make(map[*share.Client]*client)}
}

// enter locks the broker for another process: see makeWay.
func (b *broker) enter() {
	b.wanted.Add(1)
	b.mu.Lock()
	b.wanted.Add(-1)
}

// Request is documented with share.Object.
func (b *broker) Request(r share.Request) {
	b.enter()
	defer b.mu.Unlock()
	c := b.clients[r.Client]
	if c == nil {
		c = &client{of: r.Client, target: 1}
		if b.held != nil {
			c.held = make(map[uint64]item)
		}
		b.clients[r.Client] = c
		b.all = append(b.all, c)
	}
	body := r.Body
	r.Body = nil
	switch r.Op {
	case opOpen:
		b.open(c, body)
		r.Answer(ansYes, nil, nil)
	case opPut:
		b.arrive(c, body, &r)
	case opRoom:
		b.puts.push(&waiter{request: r, client: c, now: len(body) > 0})
		b.distribute()
	case opUnroom:
		c.useUp(1)
		b.distribute()
	case opLinked:
		c.inlet.linked = uint32(number(body))
		b.distribute()
	case opGet:
		c.setPace(number(body))
		now := len(body) > numberSize
		if !now {
			b.hold(c)
		}
		b.gets.push(&waiter{request: r, client: c, now: now})
		b.distribute()
	case opReady:
		b.addLooker(&waiter{request: r, client: c, looks: true, now: len(body) > 0})
	case opUnget:
		b.unget(c, body, &r)
	case opAck, opReturn:
		b.settleFor(c, r.Op, number(body), &r)
	case opMore:
		c.setPace(number(body))
		b.distribute()
	case opTook:
		b.confirmed(c)
	case opRing:
		kind := b.openInlet(c, r.Files)
		b.distribute() // waiters want to know of items in the ring
		r.Answer(kind, nil, nil)
	case opLook:
		b.distribute()
		r.Answer(ansYes, nil, nil)
	case opLen:
		r.Answer(ansYes, numbered(uint64(b.len())), nil)
	case opDone:
		r.Answer(b.done(c), nil, nil) // before allDone, which may end the queue: an answer after that would not arrive
		b.allDone()
	case opJoin:
		b.joins = append(b.joins, &waiter{request: r, client: c})
		b.distribute()
	case opUntold:
		b.told = int(min(number(body), uint64(b.told)))
	default:
		r.Client.Break()
	}
}

// TakesFiles is documented with share.FileTaker.
func (b *broker) TakesFiles(op link.Kind) bool { return op == opPut || op == opUnget || op == opRing }

// open notes the words of a client.
func (b *broker) open(c *client, body []byte) {
	if len(body) != 12 || c.granted > 0 || c.used.Uint64 != nil {
		return
	}
	used, ok1 := c.of.Word(binary.LittleEndian.Uint32(body))
	limit, ok2 := c.of.Word(binary.LittleEndian.Uint32(body[4:]))
	ahead, ok3 := c.of.Word(binary.LittleEndian.Uint32(body[8:]))
	if !ok1 || !ok2 || !ok3 {
		return
	}
	c.used, c.limit, c.aheadWord = used, limit, ahead
	if b.capacity == 0 && !b.closed {
		c.grant(unboundedRoom)
	}
}

// Rest is documented with share.Rester.
func (b *broker) Rest() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fresh > 0 && b.due() {
		b.distribute()
	}
}

// due reports whether distribute has something to do with the items that have come. b.mu is held.
func (b *broker) due() bool {
	return b.gets.len() > 0 || b.fresh >= mostFresh || b.closed || len(b.joins) > 0
}

// Cancel is documented with share.Object.
func (b *broker) Cancel(c *share.Client, id uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.forget(func(w *waiter) bool { return w.client != nil && w.request.Client == c && w.request.ID == id })
}

// forget removes the waiters that match, and reports whether there were any. b.mu is held.
func (b *broker) forget(match func(w *waiter) bool) bool {
	each := func(w **waiter) bool { return match(*w) }
	found := b.gets.remove(each)
	found = b.puts.remove(each) || found
	kept := b.joins[:0]
	for _, w := range b.joins {
		if match(w) {
			found = true
		} else {
			kept = append(kept, w)
		}
	}
	b.joins = kept
	return found
}

// Left is documented with share.Object: room that the client did not use, and items that it did not take, come back.
func (b *broker) Left(of *share.Client) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.clients[of]
	if c == nil {
		return
	}
	delete(b.clients, of)
	b.all = slices.DeleteFunc(b.all, func(o *client) bool { return o == c })
	b.forget(func(w *waiter) bool { return w.client == c })
	b.drainOf(c, true)
	b.closeInlet(c)
	b.takeBack(c, mostInWord)
	c.trim()
	b.emptyHands(c)
	if b.joinable {
		held := min(max(c.handed-c.done, 0), b.unfinished)
		b.unfinished -= held
		b.lost += held
	}
	b.distribute()
}

// len is how many items are in the queue: here, on the way to it, sent ahead but not taken, and in hands.
func (b *broker) len() int {
	n := b.items.len() + len(b.held)
	for _, c := range b.all {
		n += c.onTheWay() + c.has()
	}
	return n
}

// close is the owner's Close.
func (b *broker) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.closed = true
		b.distribute()
	}
}

// reply answers the waiter.
func (w *waiter) reply(kind link.Kind) {
	if w.client != nil {
		w.request.Answer(kind, nil, nil)
	} else {
		w.answer <- answer{kind: kind}
	}
}
