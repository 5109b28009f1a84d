package dataloader

import (
	"context"
	"errors"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// fetch gets the batch of one order, in a worker or in this process.
type fetch struct {
	*order
	rules
	info    *WorkerInfo
	timeout time.Duration      // of a batch
	note    func(position int) // told what is being got now
	arena   *arena             // of the batch; nil in this process

	ctx context.Context // of the order
	now scope           // of the steps; its index is that of the batch

	samples int // that the batch has
	yielded int // that an IterableDataset has yielded
	end     bool
	skipped []trouble
	trouble *trouble
}

// run gets the samples and calls deliver with them, or with the batch of a BatchDataset, if any sample is left.
func (f *fetch) run(ctx context.Context, set opened, deliver func(ctx context.Context, batch any) error) {
	f.ctx = ctx
	if limit := f.limit(f.timeout); limit > 0 {
		var cancel context.CancelFunc
		f.ctx, cancel = context.WithTimeoutCause(ctx, limit, spawn.ErrTimeout)
		defer cancel()
	}
	f.now = scope{Context: f.ctx, info: *f.info, seed: f.Seed, epoch: f.Epoch, batch: f.Indices}
	f.now.info.Seed = workerSeed(f.Seed, f.Epoch, f.info.ID)
	if f.now.index = whole; len(f.Indices) > 0 {
		f.now.index = joint(f.Indices[0]) // as good a number of the batch as any
	}
	batch := set.fetch(f)
	if f.trouble == nil && f.samples > 0 {
		if !f.try(whole, whole, func(ctx context.Context) error { return deliver(ctx, batch) }) {
			f.trouble.Collate = true
			f.skipBatch()
		}
	}
	if f.trouble != nil {
		f.samples = 0
	}
}

// skipBatch leaves a batch of an IterableDataset out that could not be made, if the rules say so. The iteration is past it and
// can go on.
func (f *fetch) skipBatch() {
	if f.Skip && f.Count > 0 && !f.trouble.Late {
		f.skipped = append(f.skipped, *f.trouble)
		f.samples, f.trouble = 0, nil
	}
}

// at returns the ctx for a step that is done for a sample, or for the batch (whole).
func (f *fetch) at(index int) context.Context {
	s := f.now // a copy, since the program may keep the ctx
	if index != whole {
		s.index = index
	}
	return &s
}

// try calls step for the sample at a position, and again if it fails, as often as the rules allow. If all attempts fail, the
// sample goes to f.skipped if the rules leave it out; otherwise f.trouble is set.
func (f *fetch) try(position, index int, step func(ctx context.Context) error) (ok bool) {
	f.note(position)
	before := f.arena.mark()
	for attempt := 1; ; attempt++ {
		failure := spawn.Try(func() error { return step(f.at(index)) })
		if f.ctx.Err() != nil && (failure != nil || position != whole) {
			f.late(position, attempt, failure)
			return false
		}
		if failure == nil {
			return true
		}
		if attempt <= f.Retries {
			f.arena.rewind(before)
			continue
		}
		t := trouble{Position: position, Attempts: attempt, Failure: *failure}
		if f.Skip && position != whole {
			f.skipped = append(f.skipped, t)
		} else {
			f.trouble = &t
		}
		return false
	}
}

var errLate = errors.New("it ended after its time")

// late sets f.trouble because the time of the order was over in this step, or the order was called off.
func (f *fetch) late(position, attempt int, failure *spawn.Failure) {
	if failure == nil {
		failure = &spawn.Failure{Failure: wire.Describe(errLate)}
	}
	f.trouble = &trouble{
		Position: position, Attempts: attempt, Failure: *failure,
		Late: context.Cause(f.ctx) == spawn.ErrTimeout,
	}
}
