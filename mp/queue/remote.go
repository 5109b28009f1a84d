package queue

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// remote is a queue in a process that does not own it, for all handles of it there.
type remote struct {
	opening chan struct{} // closed once it is known what the queue is
	err     error         // why that is not so

	used  share.Word // see broker; nil: without shared memory
	limit share.Word
	word  share.Word // an aheadWord

	out outlet

	mu    sync.Mutex
	items store     // sent ahead; those that others have taken are still among them
	came  uint64    // how many have ever been: the number of the next one to come
	low   int       // how many are left when it is time for more
	asked bool      // for more
	count int       // how many were taken since we have asked
	since time.Time // the first of them was
}

// dial returns what this process knows about the queue of another one.
func dial(ctx context.Context, ref *share.Ref) (*remote, error) {
	mine := &remote{opening: make(chan struct{}), out: outlet{turn: make(chan struct{}, 1)}}
	w, err := ref.Watch(ctx, func() share.Watcher { return mine })
	if err != nil {
		return nil, unshared(ctx, err)
	}
	r := w.(*remote)
	if r == mine {
		go r.open(ref)
	}
	select {
	case <-r.opening:
		return r, r.err
	case <-ctx.Done():
		return nil, spawn.CtxError(ctx)
	}
}

// open tells the broker of our words.
func (r *remote) open(ref *share.Ref) {
	defer close(r.opening)
	var body []byte
	used, w1, ok1 := ref.LinkWord()
	limit, w2, ok2 := ref.LinkWord()
	ahead, w3, ok3 := ref.LinkWord()
	if ok1 && ok2 && ok3 {
		for _, n := range []uint32{used, limit, ahead} {
			body = binary.LittleEndian.AppendUint32(body, n)
		}
		r.used, r.limit, r.word = w1, w2, w3
	}
	m, err := ref.Call(context.Background(), opOpen, body, nil, nil)
	defer m.Release()
	r.err = unshared(context.Background(), err)
}

// unshared is the error for what share has returned.
func unshared(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, share.ErrGone):
		return fmt.Errorf("%w (%w)", spawn.ErrClosed, err)
	case ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
		if cause := context.Cause(ctx); cause == errSilent || cause == spawn.ErrClosed { // not the caller's ctx
			return cause
		}
		return spawn.CtxError(ctx)
	}
	return err
}

// now is the body of a request that is now or never.
var now = []byte{1}

func body(never bool) []byte {
	if never {
		return now
	}
	return nil
}

// call asks the broker, and makes an error of its answer.
func call(ctx context.Context, ref *share.Ref, op link.Kind, body []byte, no error, late func(link.Msg)) (link.Msg, error) {
	m, err := ref.Call(ctx, op, body, nil, late)
	if err != nil {
		return m, unshared(ctx, err)
	}
	a := answer{kind: m.Kind}
	if err := a.err(no); err != nil {
		m.Release()
		return m, err
	}
	return m, nil
}

// put puts an item, whose files stay the caller's.
func (r *remote) put(ctx context.Context, ref *share.Ref, data []byte, files []*os.File, never bool) error {
	for {
		w := r.out.write(r, ref, data, files)
		if w == byLink {
			var err error
			if w, err = r.out.send(ctx, r, ref, data, files, false); err != nil {
				return err
			}
		}
		switch w {
		case ringFull:
			m, err := call(ctx, ref, opLook, nil, nil, nil)
			m.Release()
			if err != nil {
				return err
			}
		case noRoom:
			granted, err := r.askRoom(ctx, ref, never)
			if err != nil {
				return err
			}
			if granted {
				_, err = r.out.send(ctx, r, ref, data, files, true)
				return err
			}
		default:
			return nil
		}
	}
}

// askRoom waits until there is room. Without shared memory that is granted to the caller, otherwise to whoever uses it first.
func (r *remote) askRoom(ctx context.Context, ref *share.Ref, never bool) (granted bool, err error) {
	granted = r.used.Uint64 == nil
	var late func(link.Msg)
	if granted {
		late = func(link.Msg) { ref.Post(opUnroom, nil) }
	}
	m, err := call(ctx, ref, opRoom, body(never), ErrFull, late)
	m.Release()
	return granted, err
}

// send sends an item for which there is room.
func (r *remote) send(ctx context.Context, ref *share.Ref, data []byte, files []*os.File) error {
	err := ref.Send(ctx, opPut, data, files)
	if err != nil && !errors.Is(err, share.ErrUnderWay) {
		ref.Post(opUnroom, nil)
	}
	return unshared(ctx, err)
}

// useRoom uses room that the broker has granted ahead, if there is any.
func (r *remote) useRoom() bool {
	if r.used.Uint64 == nil {
		return false
	}
	for {
		used := r.used.Load()
		if used >= r.limit.Load() {
			return false
		}
		if r.used.CompareAndSwap(used, used+1) {
			return true
		}
	}
}

// get takes an item; its bytes lie in buf if they fit.
func (r *remote) get(ctx context.Context, ref *share.Ref, never bool, buf []byte) (item, error) {
	for {
		it, ok := r.take(ref, buf)
		if ok {
			return it, nil
		}
		var late func(link.Msg)
		if r.word.Uint64 == nil {
			late = func(m link.Msg) { giveBack(ref, m) }
		}
		r.mu.Lock()
		pace := r.pace()
		r.mu.Unlock()
		m, err := call(ctx, ref, opGet, append(pace, body(never)...), ErrEmpty, late)
		if err != nil {
			return item{}, err
		}
		if m.Kind == ansItem {
			it := item{data: bytes.Clone(m.Body), files: m.Files}
			m.Release()
			return it, nil
		}
		m.Release()
	}
}

// giveBack returns an item for which nobody waits any more.
func giveBack(ref *share.Ref, m link.Msg) {
	defer m.Release()
	defer m.CloseFiles()
	if m.Kind == ansItem {
		_ = ref.Send(context.Background(), opUnget, m.Body, m.Files) // or the owner is gone
	}
}

// take takes the first item that was sent ahead and that the broker has not taken back.
func (r *remote) take(ref *share.Ref, buf []byte) (it item, ok bool) {
	r.mu.Lock()
	tell := false
	for !ok && r.items.len() > 0 {
		w := aheadWord(r.word.Load())
		if next := r.came - uint64(r.items.len()); next < w.first() { // those before were taken back
			r.items.drop(int(min(w.first()-next, uint64(r.items.len()))))
			continue
		}
		if w.left() == 0 {
			break
		}
		if r.word.CompareAndSwap(uint64(w), uint64(w.taken())) {
			it, ok = r.items.pop(buf), true
			tell = w&tellMe != 0
		}
	}
	if ok {
		if r.count++; r.count == 1 {
			r.since = time.Now()
		}
	}
	more := ok && !r.asked && r.items.len() == r.low && r.low > 0
	var pace []byte
	if more {
		r.asked, pace = true, r.pace()
	}
	r.mu.Unlock()
	if more {
		ref.Post(opMore, pace)
	} else if tell {
		ref.Post(opTook, nil)
	}
	return it, ok
}

// pace is how many nanoseconds each item has taken since we have asked. r.mu is held.
func (r *remote) pace() []byte {
	each := time.Duration(0)
	if r.count > 0 {
		each = max(time.Since(r.since)/time.Duration(r.count), 1)
	}
	r.count = 0
	return binary.LittleEndian.AppendUint64(nil, uint64(each))
}

// Event is documented with share.Watcher: items were sent ahead.
func (r *remote) Event(m link.Msg) {
	defer m.Release()
	n, ok := 1, true
	if m.Kind == evItems {
		n, ok = count(m.Body)
	}
	if !ok {
		m.CloseFiles()
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if m.Kind == evItems {
		to := r.items.room(len(m.Body), r.came)
		to.data = append(to.data, m.Body...)
		r.items.grew(to, n)
	} else {
		r.items.add(alone(item{data: bytes.Clone(m.Body), files: m.Files, number: r.came}))
	}
	r.came += uint64(n)
	r.low, r.asked = r.items.len()/2, false
}

// Gone is documented with share.Watcher. Whoever waits hears of it by his call.
func (r *remote) Gone() { r.out.close() }
