package dataloader

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// opened is a dataset without the type of its samples or batches.
type opened interface {
	// len returns the number of samples, or lengthUnknown.
	len() int
	dataset() any
	// fetch gets what the order of f asks for: a slice of samples, or a batch.
	fetch(f *fetch) any
	// encode writes a batch that fetch returned.
	encode(batch any, out *wire.Buffer) error
	// rest ends an iteration that the epoch has begun.
	rest()
}

var errNoCollate = errors.New("its samples are for a collate function")

// indexed is a Dataset.
type indexed[S any] struct{ set Dataset[S] }

func (d indexed[S]) len() int                       { return d.set.Len() }
func (d indexed[S]) dataset() any                   { return d.set }
func (d indexed[S]) encode(any, *wire.Buffer) error { return errNoCollate }
func (d indexed[S]) rest()                          {}

func (d indexed[S]) fetch(f *fetch) any {
	samples := make([]S, 0, len(f.Indices))
	for position, i := range f.Indices {
		f.try(position, i, func(ctx context.Context) error {
			s, err := d.set.Get(ctx, i)
			if err == nil {
				samples = append(samples, s)
			}
			return err
		})
		if f.trouble != nil {
			return nil
		}
	}
	f.samples = len(samples)
	return samples
}

// batched is a BatchDataset.
type batched[B any] struct {
	set   BatchDataset[B]
	codec *wire.Codec[B]
}

func (d batched[B]) len() int     { return d.set.Len() }
func (d batched[B]) dataset() any { return d.set }
func (d batched[B]) rest()        {}

func (d batched[B]) fetch(f *fetch) (batch any) {
	f.samples = len(f.Indices)
	f.try(whole, whole, func(ctx context.Context) error {
		b, err := d.set.GetBatch(ctx, f.Indices)
		batch = b
		return err
	})
	return batch
}

func (d batched[B]) encode(batch any, out *wire.Buffer) error {
	b, _ := batch.(B) // if B is an interface, batch may be nil
	if err := d.codec.Encode(out, &b); err != nil {
		return fmt.Errorf("the batch cannot be encoded: %w", err)
	}
	return nil
}

// iterated is an IterableDataset and its current iteration.
type iterated[S any] struct {
	set  IterableDataset[S]
	next func() (S, error, bool) // nil: there is no iteration
	stop func()
	feed *feed
	came int // how many samples the iteration has yielded
}

// feed is the ctx of an iteration, which outlives the orders that it yields samples for.
type feed struct {
	scope
	cancel context.CancelCauseFunc
}

func (d *iterated[S]) len() int                       { return lengthUnknown }
func (d *iterated[S]) dataset() any                   { return d.set }
func (d *iterated[S]) encode(any, *wire.Buffer) error { return errNoCollate }

func (d *iterated[S]) fetch(f *fetch) any {
	fresh := f.Fresh || d.next == nil
	if fresh {
		f.note(whole)
		d.renew(f)
	}
	feed := d.feed // d.feed may be another one when the function runs
	stop := context.AfterFunc(f.ctx, func() { feed.cancel(context.Cause(f.ctx)) })
	defer func() {
		if !stop() && f.trouble == nil { // f.ctx has ended after the last sample, and the iteration with it
			f.late(whole, 1, nil)
		}
	}()
	if fresh {
		if !f.try(whole, whole, func(context.Context) error { d.begin(); return nil }) {
			return nil
		}
		for range f.FastForward {
			if d.pull(f, 0, func(S) {}); f.end || f.trouble != nil {
				return nil
			}
		}
		f.skipped = nil // the parent has heard of these before
		d.came = f.FastForward
	}
	f.now.seed, f.now.index = f.now.info.Seed, joint(d.came) // for the collate function
	samples := make([]S, 0, f.Count)
	for position := range f.Count {
		d.pull(f, position, func(s S) { samples = append(samples, s) })
		if f.trouble != nil {
			return nil
		}
		if f.end {
			break
		}
		f.yielded++
	}
	d.came += f.yielded
	if f.end && f.DropLast {
		samples = nil
	}
	f.samples = len(samples)
	return samples
}

// pull takes one sample from the iteration and passes it to use. At the end of the iteration it sets f.end.
func (d *iterated[S]) pull(f *fetch, position int, use func(S)) {
	retries, skipped := f.Retries, len(f.skipped)
	f.Retries = 0 // after an error the iteration goes on; it does not yield the same sample again
	f.try(position, whole, func(context.Context) error {
		s, err, ok := d.next()
		switch {
		case !ok:
			f.end = true
		case err == nil:
			use(s)
		}
		return err
	})
	f.Retries = retries
	if len(f.skipped) > skipped && f.skipped[skipped].Failure.Panic { // the iteration cannot go on after a panic
		f.trouble = &f.skipped[skipped]
	}
}

// renew makes the ctx of a new iteration.
func (d *iterated[S]) renew(f *fetch) {
	d.rest()
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(f.ctx))
	d.feed = &feed{scope: f.now, cancel: cancel}
	d.feed.Context, d.feed.index = withoutArena(ctx), joint(f.info.ID) // a sample may be for a later batch
}

// begin begins a new iteration.
func (d *iterated[S]) begin() { d.next, d.stop = iter.Pull2(d.set.Iterate(&d.feed.scope)) }

func (d *iterated[S]) rest() {
	if d.next != nil {
		d.feed.cancel(nil)
		spawn.Try(func() error { d.stop(); return nil })
		d.next = nil
	}
}
