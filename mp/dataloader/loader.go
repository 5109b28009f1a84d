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

// Loader yields batches of a dataset. New or NewBatched makes one, and whoever has it closes it. Epoch runs once at a time; other
// methods may be called at any time from any goroutine.
type Loader[B any] struct {
	*core
	codec *wire.Codec[B]
	here  func(ctx context.Context, fetched any) (any, error) // makes a batch, a B, in this process
}

// New makes a loader of src whose workers have collate make batches of its samples. It starts the workers, all at once, and
// returns when the dataset is open in each; with Workers 0 it is opened here. What goes wrong meanwhile is its error: a
// *spawn.RemoteError of the dataset or WorkerInit, or one in which errors.As finds the *spawn.ExitError of a worker that died;
// errors.Is finds ErrTimeout in it if they took too long. ctx bounds the life of the workers, as that of NewPool does. Where no
// process may be started it returns ErrBootstrapping.
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
// otherwise. It ends with the error of ctx when that ends, and with what Options.OnError says; errors.As finds a
// *SampleError in it. When the loop is left, what the workers are at is called off, and what has not stopped after KillDelay is
// ended. Persistent workers have a second at least for that, so that a sample can come to its end, and the loop does not wait
// for them; others are waited for, as they end with the epoch. It yields ErrBusy while another loop runs, and ErrClosed after
// Close.
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

// batch is what a task has brought. Its files are the program's once it was yielded.
func (l *Loader[B]) batch(p *pass, t *task) (b B, err error) {
	switch {
	case t.err != nil:
		return b, t.err
	case l.local != nil:
		b, _ = t.made.(B) // it may be a nil interface
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
