package dataloader

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Loader yields batches of a dataset. New or NewBatched makes one; the caller closes it. One Epoch loop runs at a time; the other
// methods may be called at any time from any goroutine.
type Loader[B any] struct {
	*core
	codec *wire.Codec[B]
	here  func(ctx context.Context, fetched any) (any, error) // makes a batch, a B, in this process
}

// New makes a loader of src. The workers call collate to make batches of its samples. New starts all workers at once and returns
// when each has opened the dataset; with Workers 0 this process opens it. If the dataset or WorkerInit fails, the error is a
// *spawn.RemoteError. If a worker dies, errors.As finds its *spawn.ExitError. If either took too long, errors.Is finds ErrTimeout.
// ctx bounds the life of the workers, as that of NewPool does. Where no process may be started, New returns ErrBootstrapping.
func New[S, B any](ctx context.Context, src Source[S], collate *spawn.Func[[]S, B], opts *Options) (*Loader[B], error) {
	if collate == nil {
		return nil, errors.New("mp: the collate function of a loader is nil")
	}
	return start(ctx, src.source, opts, func(l *Loader[B]) {
		l.codec = spawn.ResultCodec(collate)
		l.record.collate = collate.Name()
		l.here = func(ctx context.Context, fetched any) (any, error) { return collate.Call(ctx, fetched.([]S)) }
		l.collate = func() uint32 { return spawn.ID(collate) }
	})
}

// NewBatched is New for a dataset that makes its batches itself.
func NewBatched[B any](ctx context.Context, src BatchSource[B], opts *Options) (*Loader[B], error) {
	return start(ctx, src.source, opts, func(l *Loader[B]) {
		l.codec = src.codec
		l.here = func(_ context.Context, fetched any) (any, error) { return fetched, nil }
	})
}

func start[B any](ctx context.Context, src source, opts *Options, typed func(*Loader[B])) (*Loader[B], error) {
	c, err := newCore(ctx, src, opts)
	if err != nil {
		return nil, err
	}
	l := &Loader[B]{core: c}
	typed(l)
	if err := c.begin(); err != nil {
		c.Close()
		return nil, err
	}
	return l, nil
}

// Epoch is an iterator over the batches of one epoch: the first loop is over epoch 0, the next over 1, unless Restore says
// otherwise. An error comes last. It is that of ctx when ctx ends. If a sample ends the epoch (see Options.OnError), errors.As
// finds a *SampleError in it. It is ErrBusy while another loop runs, and ErrClosed after Close.
//
// When the program leaves the loop, the workers are told to drop what they are making, and a worker that has not stopped after
// KillDelay is killed. Persistent workers get at least a second, so that they can finish a sample, and the loop does not wait for
// them. Other workers end with the epoch, and the loop waits for their end.
func (l *Loader[B]) Epoch(ctx context.Context) iter.Seq2[B, error] {
	return func(yield func(B, error) bool) {
		var none B
		p, err := l.enter()
		if err != nil {
			yield(none, err)
			return
		}
		defer l.exit(p)
		for {
			t, err := l.wait(ctx, p, l.here)
			if err != nil {
				yield(none, err)
				return
			}
			if t == nil {
				return
			}
			began := time.Now()
			b, err := l.batch(p, t)
			if err == nil {
				l.delivered(p, time.Since(began))
			}
			if !l.opts.View {
				l.refill(p)
			}
			l.yielding(p)
			if !yield(b, err) || err != nil {
				return
			}
			l.refill(p)
		}
	}
}

// batch returns the batch or the error of a task that is done. The files in it belong to the program once it was yielded; p.files
// has them until then.
func (l *Loader[B]) batch(p *pass, t *task) (b B, err error) {
	switch {
	case t.err != nil:
		return b, t.err
	case l.local != nil:
		b, _ = t.made.(B) // if B is an interface, t.made may be nil
		return b, nil
	}
	b, err = readBatch(t.owner.loans, t.slab, l.codec, t.reply.Body, t.reply.Files, l.opts.View)
	if err != nil {
		var none B
		return none, fmt.Errorf("mp: batch %d of %s cannot be decoded: %w", t.number, l.record.dataset, err)
	}
	p.files, t.reply.Files = t.reply.Files, nil
	return b, nil
}
