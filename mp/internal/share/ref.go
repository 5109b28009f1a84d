package share

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// Ref is a reference to an object of this process or of another one. A handle holds one, and Encode and Decode send it. Its
// methods may be called by any number of goroutines.
type Ref struct {
	kind   string
	object Object // nil: it belongs to another process
	own    *own   // with object

	peer   *peer
	number uint32 // with peer
}

// own is what all references of this process to one of its objects share: that of New, and those that came back in handles.
type own struct {
	place *place
	entry atomic.Pointer[entry] // nil: not published
	gone  atomic.Bool
}

// New makes a reference to an object of this process. The kind is its type, such as "Lock" or "Queue[int]": a handle of one
// kind cannot be decoded as one of another. New needs nothing of the system; Publish and Encode do.
func New(kind string, o Object) *Ref { return here.new(kind, o) }

func (p *place) new(kind string, o Object) *Ref {
	return &Ref{kind: kind, object: o, own: &own{place: p}}
}

// Object is the object, if this process owns it; otherwise nil.
func (r *Ref) Object() Object { return r.object }

// entry is the entry of an object of this process; nil: it is not published.
func (r *Ref) entry() *entry { return r.own.entry.Load() }

// Drop withdraws an object of this process that is of no more use. For other processes it is gone, and their calls end with
// ErrGone. Calls of this process still reach it.
func (r *Ref) Drop() {
	o := r.own
	o.place.mu.Lock()
	o.gone.Store(true)
	e := o.entry.Load()
	o.place.mu.Unlock()
	if e != nil {
		e.dropped.Store(true)
		o.place.withdraw(e)
	}
}

// Call sends a request to the object and waits for the answer, which the caller releases. The files of the request stay the
// caller's. When ctx ends, Call returns ErrEnded at once; if an answer comes all the same, late gets it, in a goroutine of
// its own, and gives back what it brings (nil: it brings nothing). Other errors: ErrGone, link.ErrNotSent.
func (r *Ref) Call(ctx context.Context, op link.Kind, body []byte, files []*os.File, late func(link.Msg)) (link.Msg, error) {
	return r.call(ctx, op, body, files, late, false)
}

// Await is Call with a faster wake-up: while the receiving goroutine sleeps, the caller receives the answer itself. It does
// not suit queues: there, a caller that wakes a little later finds more to do at once.
func (r *Ref) Await(ctx context.Context, op link.Kind, body []byte, late func(link.Msg)) (link.Msg, error) {
	return r.call(ctx, op, body, nil, late, true)
}

func (r *Ref) call(ctx context.Context, op link.Kind, body []byte, files []*os.File, late func(link.Msg), soon bool) (link.Msg, error) {
	if r.object == nil {
		defer runtime.KeepAlive(r)
		return r.peer.call(ctx, r.number, op, body, files, late, soon)
	}
	self := r.own.place.self
	id, k := self.calls.begin(0)
	files, err := link.Dup(files)
	if err != nil {
		self.calls.drop(id)
		return link.Msg{}, err
	}
	r.object.Request(Request{Client: self, ID: uint64(id), Op: op, Body: body, Files: files})
	r.rest()
	m, abandoned, err := self.calls.wait(ctx, id, k, late)
	if abandoned && r.object.Cancel(self, uint64(id)) {
		self.calls.drop(id)
	}
	return m, err
}

// Send sends a message to the object, after those sent before, and returns once the message does not depend on this process
// any more. When ctx ends, Send returns ErrEnded if nothing was sent, and otherwise ErrUnderWay. If the files of a message
// under way cannot be sent, unsent is called, in a goroutine of its own (nil: the caller does not care). Other errors:
// ErrGone, link.ErrNotSent.
func (r *Ref) Send(ctx context.Context, op link.Kind, body []byte, files []*os.File, unsent func()) error {
	if r.object == nil {
		defer runtime.KeepAlive(r)
		return r.peer.send(ctx, r.number, op, body, files, unsent)
	}
	files, err := link.Dup(files)
	if err != nil {
		return err
	}
	r.object.Request(Request{Client: r.own.place.self, Op: op, Body: body, Files: files})
	r.rest()
	return nil
}

// Post is Send for a hint without files. It does not wait. The hint is lost if the object is gone, or this process has no
// link to the owner yet.
func (r *Ref) Post(op link.Kind, body []byte) {
	if r.object != nil {
		_ = r.Send(context.Background(), op, body, nil, nil)
		return
	}
	defer runtime.KeepAlive(r)
	r.peer.post(r.number, op, body)
}

func (r *Ref) rest() {
	if o, ok := r.object.(Rester); ok {
		o.Rest()
	}
}

// Watch returns the Watcher of an object of another process. The first call makes it, by make; all references of this
// process to the object share it. Watch connects to the owner if need be. It returns ErrGone once this process has heard
// that the object is gone.
func (r *Ref) Watch(ctx context.Context, make func() Watcher) (Watcher, error) {
	defer runtime.KeepAlive(r)
	if err := r.peer.connected(ctx); err != nil {
		return nil, err
	}
	return r.peer.watch(r.number, make)
}

// LinkWord gives out a word, zero at first, that only this process and the owner have. The owner finds it by its number,
// with Client.Word. ok is false when none is left, or there is no shared memory. The object must belong to another process,
// and r be connected.
func (r *Ref) LinkWord() (number uint32, w Word, ok bool) {
	r.peer.mu.Lock()
	defer r.peer.mu.Unlock()
	return r.peer.words.next()
}

// NewWord gives out a word, zero at first, that this process, the owner, and all its clients have. They find it by its
// number, with Ref.Word. It is not given out again before this process has dropped all its objects. The object must be
// published. ok is false when no word is left, or there is no shared memory.
func (r *Ref) NewWord() (number uint32, w Word, ok bool) {
	p := r.own.place
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.page.next()
}

// Word returns a word that the owner, another process, has given out by NewWord. r must be connected. ok is false when this
// process does not have the word.
func (r *Ref) Word(number uint32) (w Word, ok bool) {
	r.peer.mu.Lock()
	defer r.peer.mu.Unlock()
	return r.peer.page.word(number)
}

// Number is the number of this process as a client of the object's owner; 0 if it is not connected.
func (r *Ref) Number() uint32 {
	if r.object != nil {
		return r.own.place.self.number
	}
	r.peer.mu.Lock()
	defer r.peer.mu.Unlock()
	return r.peer.number
}

// IsClient reports whether the number is that of this process, the owner, or of one of its clients.
func (r *Ref) IsClient(number uint32) bool {
	p := r.own.place
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.numbers[number]
}

// Publish makes the object known to other processes, as Encode does: it has a number, and the door is open.
func (r *Ref) Publish() error {
	p := r.own.place
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.own.gone.Load() {
		return ErrGone
	}
	if err := p.open(); err != nil {
		return err
	}
	r.own.publish(r.object)
	return nil
}

// publish gives the object a number if it has none. place.mu is held.
func (o *own) publish(object Object) *entry {
	e := o.entry.Load()
	if e == nil {
		e = o.place.add(object, o)
		o.entry.Store(e)
	}
	return e
}

// Encode writes the reference for another process. The owner may be this process or any other one.
func (r *Ref) Encode(enc *wire.Encoder) error {
	if err := wire.Ours(enc); err != nil {
		return err
	}
	var id ownerID
	var number uint32
	var key sys.Key
	if r.object != nil {
		if err := r.Publish(); err != nil {
			return fmt.Errorf("this %s cannot be sent: %w", r.kind, err)
		}
		p := r.own.place
		p.mu.Lock()
		if p.door != nil {
			id, number, key = p.id, r.entry().number, p.door.Key()
		}
		p.mu.Unlock()
	} else {
		p := r.peer
		p.mu.Lock()
		if !p.over {
			id, number, key = p.id, r.number, p.key
		}
		p.mu.Unlock()
	}
	if number == 0 {
		return fmt.Errorf("this %s cannot be sent: %w", r.kind, ErrGone)
	}
	err := errors.Join(enc.EncodeString(r.kind), enc.EncodeBytes(id[:]), enc.EncodeUint32(number), enc.EncodeString(key.Name))
	if err == nil && key.File != nil {
		err = wire.Lend(enc, key.File, r)
	}
	return err
}

// Decode reads what Encode wrote. If this process owns the object, the reference has it as its Object.
func Decode(dec *wire.Decoder, kind string) (*Ref, error) { return here.decode(dec, kind) }

func (p *place) decode(dec *wire.Decoder, kind string) (*Ref, error) {
	var id ownerID
	name, err := dec.DecodeString()
	if err != nil {
		return nil, err
	}
	b, err := dec.DecodeBytes()
	if err != nil {
		return nil, err
	}
	number, err := dec.DecodeUint32()
	if err != nil {
		return nil, err
	}
	var key sys.Key
	if key.Name, err = dec.DecodeString(); err != nil {
		return nil, err
	}
	if sys.KeysAreFiles {
		if key.File, err = wire.Lent(dec); err != nil {
			return nil, err
		}
	}
	switch {
	case name != kind:
		key.Close()
		return nil, fmt.Errorf("it is a %s and not a %s", name, kind)
	case len(b) != len(id):
		key.Close()
		return nil, errors.New("the handle is damaged")
	}
	copy(id[:], b)
	return p.ref(kind, id, number, key)
}

// ref makes a reference of what decode has read. It takes over the key.
func (p *place) ref(kind string, id ownerID, number uint32, key sys.Key) (*Ref, error) {
	defer key.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.door != nil && id == p.id {
		if e := p.objects[number]; e != nil {
			return &Ref{kind: kind, object: e.object, own: e.own}, nil
		}
		return &Ref{kind: kind, peer: &peer{place: p, over: true}, number: number}, nil
	}
	peer := p.peers[id]
	if peer == nil {
		// A copy of the key: if the rest of the message cannot be decoded, all files of the message are closed.
		mine, err := key.Dup()
		if err != nil {
			return nil, fmt.Errorf("the key to its owner: %w", err)
		}
		peer = newPeer(p, id, mine)
		p.peers[id] = peer
	}
	return p.refer(kind, peer, number), nil
}

// refer makes a reference to an object of another process. p.mu is held.
func (p *place) refer(kind string, owner *peer, number uint32) *Ref {
	r := &Ref{kind: kind, peer: owner, number: number}
	owner.refs++
	owner.addRef(number)
	runtime.AddCleanup(r, func(owner *peer) { go owner.unref(number) }, owner)
	return r
}
