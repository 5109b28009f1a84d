package share

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// Watcher is what a process knows about an object of another process.
type Watcher interface {
	// Event takes a message that the owner sent by Client.Tell, with its body and files. It must not block, nor take a lock
	// under which a goroutine calls Ref.Await: that goroutine may be the one that receives m.
	Event(m link.Msg)
	// Gone says that the object was dropped, or that its owner is gone. No Event follows. Gone must not block either, nor
	// take such a lock.
	Gone()
}

// peer is another process, as the owner of objects that this process has handles of.
type peer struct {
	place *place
	id    ownerID
	key   sys.Key
	refs  int // guarded by place.mu
	calls calls

	mu      sync.Mutex
	dialing chan struct{} // closed when the running dial is over; nil: none is running
	failed  error         // the error of the last dial
	over    bool          // the owner is gone, or this process has no handle of it any more
	stream  *link.Stream  // under the link
	link    link.Link     // nil: not dialed yet
	out     *outbox
	number  uint32 // of this process, as a client
	words   *words // made by this process, for this link
	page    *words // made by the owner, for all clients
	known   map[uint32]*known
}

func newPeer(place *place, id ownerID, key sys.Key) *peer {
	return &peer{place: place, id: id, key: key}
}

// connected waits until there is a link. It dials if need be.
func (p *peer) connected(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.link == nil && !p.over {
		if p.dialing == nil {
			p.dialing = make(chan struct{})
			go p.dial(p.dialing)
		}
		dialing := p.dialing
		p.mu.Unlock()
		ended := false
		select {
		case <-dialing:
		case <-ctx.Done():
			ended = true
		}
		p.mu.Lock()
		if ended && p.link == nil {
			return ErrEnded
		}
	}
	switch {
	case p.over:
		return ErrGone
	case p.link == nil:
		return p.failed
	}
	return nil
}

// unref is called when a Ref to this object was collected. After the last one of all the peer ends.
func (p *peer) unref(number uint32) {
	p.dropRef(number)
	p.place.mu.Lock()
	p.refs--
	last := p.refs == 0
	if last && p.place.peers[p.id] == p {
		delete(p.place.peers, p.id)
	}
	p.place.mu.Unlock()
	if last {
		p.end()
	}
}

const (
	// knocks is how often to knock at an owner that is alive but does not answer: it may be short of descriptors.
	knocks     = 5
	knockPause = 10 * time.Millisecond
)

// errSilent: the link ended before the owner answered.
var errSilent = errors.New("its owner does not answer")

// dial gets a link to the owner and receives from it.
func (p *peer) dial(dialing chan struct{}) {
	err := p.knock()
	for try := 1; try < knocks && errors.Is(err, errSilent); try++ {
		time.Sleep(time.Duration(try) * knockPause)
		err = p.knock()
	}
	p.mu.Lock()
	p.dialing, p.failed = nil, err
	p.mu.Unlock()
	if errors.Is(err, sys.ErrNobody) {
		p.end()
	}
	close(dialing)
	if err == nil {
		p.receive()
	}
}

// knock makes one attempt to get a link.
func (p *peer) knock() error {
	conn, err := sys.Knock(p.key)
	if err != nil {
		return err
	}
	stream := link.NewStream(conn)
	p.mu.Lock()
	p.stream = stream // for end
	over := p.over
	p.mu.Unlock()
	if over {
		err = ErrGone
	} else {
		err = p.greet(stream)
	}
	if err != nil {
		stream.Close()
	}
	return err
}

// greet agrees with the owner on whether the link has shared memory.
func (p *peer) greet(stream *link.Stream) error {
	shared, page, err := newShared()
	if err != nil {
		return err
	}
	hello := link.Msg{Kind: kindHello, Body: p.id[:]}
	if shared != nil {
		hello.Files = append(shared.Files(), page.segment.File())
		defer page.segment.CloseFile()
	}
	err = stream.Send(hello)
	if errors.Is(err, link.ErrNotSent) {
		hello.Files = nil
		err = stream.Send(hello)
	}
	var m link.Msg
	if err == nil {
		m, err = stream.Recv()
	}
	if err == nil && (m.Kind != kindWelcome || len(m.Body) != 5) {
		err = fmt.Errorf("its owner answered with a message of kind %d", m.Kind)
	} else if err != nil {
		err = fmt.Errorf("%w: %w", errSilent, err)
	}
	defer m.Release()
	defer m.CloseFiles()
	if err != nil {
		if shared != nil {
			shared.Close()
		}
		return err
	}
	return p.agree(stream, shared, page, &m)
}

func (p *peer) agree(stream *link.Stream, shared *link.Shared, page *words, m *link.Msg) error {
	var l link.Link = stream
	switch {
	case shared != nil && m.Body[4] == 1:
		shared.CloseMemory()
		l = link.NewRings(stream, shared, true)
	case shared != nil:
		shared.Close()
		fallthrough
	default:
		page = nil
	}
	var common *words
	if len(m.Files) == 1 {
		common, _ = openWords(m.Files[0])
	}
	return p.use(l, page, common, binary.LittleEndian.Uint32(m.Body))
}

// use makes l the link to the owner.
func (p *peer) use(l link.Link, page, common *words, number uint32) error {
	l.Heed(func(m link.Msg, _ error) { m.CloseFiles(); m.Release() }) // Rings need a Heed; the owner urges nothing
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		l.Close()
		return ErrGone
	}
	p.link, p.out, p.words, p.page, p.number = l, newOutbox(l), page, common, number
	return nil
}

// receive handles answers and messages for Watchers, until the link ends. It never waits for anything but the link.
func (p *peer) receive() {
	for {
		m, err := p.link.Recv()
		if err != nil {
			p.end()
			return
		}
		p.handle(m)
	}
}

// handle takes in one message.
func (p *peer) handle(m link.Msg) {
	switch {
	case m.Kind == kindGone: // whether it answers a call or not
		m.CloseFiles()
		m.Release()
		p.gone(objectOf(m.ID))
	case uint32(m.ID) != 0:
		p.calls.resolve(m)
	default:
		w := p.watcher(objectOf(m.ID))
		if w == nil {
			m.CloseFiles()
			m.Release()
			return
		}
		w.Event(m)
	}
}

// besides is a link from which a caller that waits for an answer can receive. link.Rings is one.
type besides interface {
	TryBeside() bool
	RecvBeside(done func() bool, handle func(m link.Msg))
	Disturb()
}

var _ besides = (*link.Rings)(nil) // without this nothing would fail, but each answer would wake the receiving goroutine first

// receiveFor receives in place of the sleeping goroutine of receive, until the call is answered or its ctx ends. It returns
// earlier, or does nothing, when it cannot take that place or another receiver must go on: see link.Rings.
func (p *peer) receiveFor(ctx context.Context, k *call) {
	if l, ok := p.link.(besides); ok && l.TryBeside() {
		defer context.AfterFunc(ctx, l.Disturb)()
		l.RecvBeside(func() bool { return len(k.answer) > 0 || ctx.Err() != nil }, p.handle)
	}
}

// end closes the link and the key, and ends all calls and Watchers. It is called when the owner is gone, or when this
// process has no handle of its objects any more.
func (p *peer) end() {
	p.place.mu.Lock()
	if p.place.peers[p.id] == p {
		delete(p.place.peers, p.id)
	}
	p.place.mu.Unlock()
	p.mu.Lock()
	if p.over {
		p.mu.Unlock()
		return
	}
	p.over = true
	l, stream := p.link, p.stream
	all := p.known
	p.known = nil
	p.mu.Unlock()
	p.key.Close()
	if l != nil {
		l.Close()
	} else if stream != nil {
		stream.Close()
	}
	p.calls.end()
	for _, k := range all {
		if k.watcher != nil {
			k.watcher.Gone()
		}
	}
}

// call is Ref.Call, or with soon Ref.Await.
func (p *peer) call(ctx context.Context, number uint32, op link.Kind, body []byte, files []*os.File, late func(link.Msg), soon bool) (link.Msg, error) {
	if err := p.connected(ctx); err != nil {
		return link.Msg{}, err
	}
	id, k := p.calls.begin(number)
	if k == nil {
		return link.Msg{}, ErrGone
	}
	parcel, err := p.out.send(link.Msg{Kind: op, ID: callID(number, id), Body: body, Files: files}, func(err error) {
		p.calls.fail(id, sendError(err))
	})
	if err != nil {
		p.calls.drop(id)
		return link.Msg{}, sendError(err)
	}
	if soon && parcel == nil {
		p.receiveFor(ctx, k)
	}
	m, abandoned, err := p.calls.wait(ctx, id, k, late)
	if abandoned {
		if parcel != nil && p.out.withdraw(parcel) {
			p.calls.drop(id)
		} else {
			_, _ = p.out.send(link.Msg{Kind: kindCancel, ID: callID(number, id)}, nil)
		}
	}
	return m, err
}

// send is Ref.Send.
func (p *peer) send(ctx context.Context, number uint32, op link.Kind, body []byte, files []*os.File, unsent func()) error {
	if err := p.connected(ctx); err != nil {
		return err
	}
	parcel, err := p.out.send(link.Msg{Kind: op, ID: callID(number, 0), Body: body, Files: files}, nil)
	if err != nil {
		return sendError(err)
	}
	if parcel == nil {
		return nil
	}
	select {
	case <-parcel.done:
		return sendError(parcel.err)
	case <-ctx.Done():
	}
	if p.out.withdraw(parcel) {
		return ErrEnded
	}
	select {
	case <-parcel.done:
		return sendError(parcel.err)
	default:
	}
	if unsent != nil {
		go func() {
			if <-parcel.done; errors.Is(parcel.err, link.ErrNotSent) {
				unsent()
			}
		}()
	}
	return ErrUnderWay
}

// post is Ref.Post.
func (p *peer) post(number uint32, op link.Kind, body []byte) {
	p.mu.Lock()
	out := p.out
	p.mu.Unlock()
	if out != nil {
		_, _ = out.send(link.Msg{Kind: op, ID: callID(number, 0), Body: body}, nil)
	}
}

// sendError is the error for a message that was not sent. An error of its files, or of a peer that does not read, stays as
// it is; any other one means that the owner is gone.
func sendError(err error) error {
	if err == nil || errors.Is(err, link.ErrNotSent) || slices.Contains([]error{ErrGone, errDeaf}, err) {
		return err
	}
	return fmt.Errorf("%w (%w)", ErrGone, err)
}
