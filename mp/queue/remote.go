package queue

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// remote is a queue in a process that does not own it, for all handles of it there.
type remote struct {
	opening chan struct{} // closed when open is done
	err     error         // why open has failed

	used      share.Word // see broker; nil: without shared memory
	limit     share.Word
	aheadWord share.Word

	out outlet

	mu    sync.Mutex
	items store     // sent ahead; those that others have taken are still among them
	came  uint64    // how many were ever sent: the number of the next one
	low   int       // how many are left when it is time to ask for more
	asked bool      // whether take has asked for more
	taken int       // how many were taken since the last request for more
	since time.Time // when the first of these was taken
}

// dial returns what this process knows about the queue of another one.
func dial(ctx context.Context, ref *share.Ref) (*remote, error) {
	mine := &remote{opening: make(chan struct{}), out: outlet{turn: make(chan struct{}, 1)}}
	w, err := ref.Watch(ctx, func() share.Watcher { return mine })
	if err != nil {
		return nil, shareError(ctx, err)
	}
	r := w.(*remote)
	if r == mine {
		go r.open(ref)
	}
	select {
	case <-r.opening:
		return r, r.err
	case <-ctx.Done():
		return nil, ended(ctx)
	}
}

// open makes the words and tells the broker of them.
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
		r.mu.Lock() // an owner may send before it is asked
		r.used, r.limit, r.aheadWord = w1, w2, w3
		r.mu.Unlock()
	}
	m, err := ref.Call(context.Background(), opOpen, body, nil, nil)
	m.CloseFiles()
	defer m.Release()
	r.err = shareError(context.Background(), err)
}

// shareError makes the error of a method from an error of share, in a call with ctx.
func shareError(ctx context.Context, err error) error {
	switch {
	case err == share.ErrEnded:
		return ended(ctx)
	case err == share.ErrUnderWay:
		return underWay{fmt.Errorf("%w: %w", err, ended(ctx))}
	case errors.Is(err, share.ErrGone):
		return fmt.Errorf("%w (%w)", spawn.Inner(spawn.ErrClosed), err)
	}
	return err
}

// ended is the error for the end of ctx, which may come from until or glanceFor.
func ended(ctx context.Context) error {
	cause := context.Cause(ctx)
	if over, ok := cause.(overdue); ok {
		return over.error
	}
	if cause == errSilent || cause == errShut { // not the caller's ctx
		return cause
	}
	return spawn.CtxError(ctx)
}

// underWay is the error of an item that may arrive all the same.
type underWay struct{ error }

func (u underWay) Unwrap() error { return u.error }

// nowOrNever is the body of a request that is "now or never".
var nowOrNever = []byte{1}

func body(now bool) []byte {
	if now {
		return nowOrNever
	}
	return nil
}

// call sends a request to the broker. An answer in the negative is an error: for ansNo it is no. Only an item has files.
func call(ctx context.Context, ref *share.Ref, op link.Kind, body []byte, no error, late func(link.Msg)) (link.Msg, error) {
	m, err := ref.Call(ctx, op, body, nil, late)
	if err != nil {
		return m, shareError(ctx, err)
	}
	if m.Kind != ansItem {
		m.CloseFiles()
	}
	a := answer{kind: m.Kind}
	if err := a.err(no); err != nil {
		m.Release()
		return m, err
	}
	return m, nil
}

// Gone is documented with share.Watcher. Callers that wait learn of it by the error of share.
func (r *remote) Gone() { r.out.close() }
