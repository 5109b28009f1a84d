package queue

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// get takes an item; its bytes lie in buf if they fit.
func (r *remote) get(ctx context.Context, ref *share.Ref, now bool, buf []byte) (item, error) {
	for {
		it, ok := r.take(ref, buf)
		if ok {
			return it, nil
		}
		var late func(link.Msg)
		if r.aheadWord.Uint64 == nil {
			late = func(m link.Msg) { giveBack(ref, m) }
		}
		r.mu.Lock()
		pace := r.pace()
		r.mu.Unlock()
		m, err := call(ctx, ref, opGet, append(pace, body(now)...), ErrEmpty, late)
		if err != nil {
			return item{}, err
		}
		if m.Kind == ansItem {
			defer m.Release()
			if len(m.Body) < numberSize {
				m.CloseFiles()
				return item{}, errItems
			}
			return item{data: bytes.Clone(m.Body[numberSize:]), files: m.Files, number: number(m.Body)}, nil
		}
		m.Release()
	}
}

// giveBack returns an item for which the caller does not wait any more. If its files cannot be sent, it goes without them,
// and its next consumer gets an error.
func giveBack(ref *share.Ref, m link.Msg) {
	defer m.Release()
	defer m.CloseFiles()
	if m.Kind != ansItem {
		return
	}
	if err := ref.Send(context.Background(), opUnget, m.Body, m.Files, nil); errors.Is(err, link.ErrNotSent) {
		_ = ref.Send(context.Background(), opUnget, m.Body, nil, nil)
	} // after other errors, the owner is gone
}

// take takes the first item that was sent ahead and that the broker has not taken back.
func (r *remote) take(ref *share.Ref, buf []byte) (it item, ok bool) {
	r.mu.Lock()
	tell := false
	for !ok && r.items.len() > 0 {
		w := aheadWord(r.aheadWord.Load())
		if next := r.came - uint64(r.items.len()); next < w.first() { // the items before first were taken back
			r.items.drop(int(min(w.first()-next, uint64(r.items.len()))))
			continue
		}
		if w.left() == 0 {
			break
		}
		if r.aheadWord.CompareAndSwap(uint64(w), uint64(w.taken())) {
			it, ok = r.items.pop(buf), true
			tell = w&tellMe != 0
		}
	}
	if ok {
		if r.taken++; r.taken == 1 {
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

// pace is how many nanoseconds each item took since the last request for more. r.mu is held.
func (r *remote) pace() []byte {
	each := time.Duration(0)
	if r.taken > 0 {
		each = max(time.Since(r.since)/time.Duration(r.taken), 1)
	}
	r.taken = 0
	return numbered(uint64(each))
}

// Event is documented with share.Watcher: items were sent ahead. Without shared memory, no process has any ahead.
func (r *remote) Event(m link.Msg) {
	defer m.Release()
	n, ok := 1, m.Kind == evItem
	if m.Kind == evItems && len(m.Files) == 0 {
		n, ok = count(m.Body)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !ok || r.aheadWord.Uint64 == nil {
		m.CloseFiles()
		return
	}
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
