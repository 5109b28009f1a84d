package synchronize

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// worded is the handle of an object with a word.
type worded struct {
	handle
	number uint64               // of the word, plus 1; 0: there is none, or the object was made here
	seen   atomic.Pointer[view] // nil: not used yet
}

// celled is an object with a word, in its owner.
type celled interface{ itself() *cell }

// quick applies do to the word, if the handle is open and has a view.
func (w *worded) quick(do func(*view) bool) bool {
	v := w.seen.Load()
	done := v != nil && !w.closed.Load() && do(v)
	runtime.KeepAlive(w) // the owner takes a process without a handle for dead
	return done
}

// look is quick, repeated for a moment: see view.look.
func (w *worded) look(do func(*view) bool) bool {
	return w.quick(func(v *view) bool { return v.look(do) })
}

// view returns the view of this process. It connects to the owner if need be.
func (w *worded) view(ctx context.Context) (*view, error) {
	if v := w.seen.Load(); v != nil {
		return v, nil
	}
	v, err := w.watch(ctx)
	if err == nil {
		w.seen.Store(v)
	}
	return v, err
}

// watch is view for a handle that has none yet, and may not keep it.
func (w *worded) watch(ctx context.Context) (*view, error) {
	watcher, err := w.ref.Watch(ctx, func() share.Watcher { return new(view) })
	if err != nil {
		return nil, err
	}
	v := watcher.(*view)
	v.adopt(w.ref, w.number)
	return v, nil
}

// got is called when the owner has given what was asked for.
func (w *worded) got(ctx context.Context, what string) error {
	v, err := w.view(context.WithoutCancel(ctx))
	if err != nil {
		return failure(ctx, what, err)
	}
	v.shadow.order()
	return nil
}

// acquire asks the owner for a lock, or for one from a semaphore, and waits for it.
func (w *worded) acquire(ctx context.Context, what string) error {
	if err := w.handle.acquire(ctx, what); err != nil {
		return err
	}
	return w.got(ctx, what)
}

// try is acquire that does not wait until there is one.
func (w *worded) try(what string) (ok bool, err error) {
	if ok, err = w.handle.try(patient(patience), what); !ok || err != nil {
		return false, err
	}
	if err = w.got(context.Background(), what); err != nil {
		return false, err
	}
	return true, nil
}

func (w *worded) encode(enc *wire.Encoder, what string) (err error) {
	number := w.number
	if w.ref != nil && !w.closed.Load() {
		if o, ours := w.ref.Object().(celled); ours {
			if number, err = o.itself().publish(w.ref); err != nil {
				return fmt.Errorf("sending a %s: %w", what, err)
			}
		}
	}
	if err := w.handle.encode(enc, what); err != nil {
		return err
	}
	return enc.EncodeUint64(number)
}

func (w *worded) decode(dec *wire.Decoder, what string) (err error) {
	if err := w.handle.decode(dec, what); err != nil {
		return err
	}
	if o, ours := w.ref.Object().(celled); ours {
		w.seen.Store(&o.itself().here)
	}
	w.number, err = dec.DecodeUint64()
	return err
}
