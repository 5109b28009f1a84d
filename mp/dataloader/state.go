package dataloader

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// State is the position of a Loader, for a checkpoint. It is plain data for gob, JSON, msgpack.
type State struct {
	Seed  uint64
	Epoch int
	// Delivered is how many batches from the beginning of the epoch were yielded, or left out. Ahead are the numbers of batches
	// after these that came before their turn.
	Delivered int
	Ahead     []int
	// Len and BatchSize are of the dataset and the options. Restore compares them, to refuse the state of another loader.
	Len, BatchSize int
	// Sampler says in words what has made the batches. In the middle of an epoch Restore compares it, unless it is "".
	Sampler string
	// Shares are the positions of the workers of an IterableDataset, by ID. Turn is the worker whose batch comes next.
	Shares []Share
	Turn   int
}

// Share is the position of a worker of an IterableDataset.
type Share struct {
	Yielded int  // how many of its samples were yielded
	Over    bool // it has no more
}

// state returns the position in the epoch, after the batch that was yielded last.
func (e *epoch) state() State {
	if e.unyielded != nil {
		return e.unyielded.before
	}
	first := e.first()
	s := State{Seed: e.seed, Epoch: e.number, Delivered: first}
	for _, n := range e.ahead {
		if n >= first {
			s.Ahead = append(s.Ahead, n)
		}
	}
	if !e.iterable {
		return s
	}
	s.Turn = e.turn
	if len(e.open) > 0 {
		s.Turn = e.open[0].seat
	}
	for i := range e.seats {
		s.Shares = append(s.Shares, Share{e.seats[i].yielded, e.seats[i].over})
	}
	return s
}

// restore makes the epoch go on from s. Options.from leaves out the batches that were delivered.
func (e *epoch) restore(s *State) {
	e.drawn, e.ahead, e.turn = s.Delivered, slices.Clone(s.Ahead), s.Turn
	for i, share := range s.Shares {
		e.seats[i].arrived, e.seats[i].yielded = share.Yielded, share.Yielded
		e.seats[i].ended, e.seats[i].over = share.Over, share.Over
	}
}

// State returns the position of the loader: in an Epoch loop, after the batch that was yielded last; otherwise, where the last loop
// has ended. In the loop, after the last batch, the state is that of an epoch of which nothing is left: the Epoch after Restore
// yields no batch. A batch that came as an error was not delivered: after Restore it is made again. State may be called at any
// time, from any goroutine.
func (c *core) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.at
	if c.epoch != nil {
		s = c.epoch.state()
	}
	s.Len, s.BatchSize, s.Sampler = c.length, c.batchSize(), inWords(c.opts.batchSampler())
	return s
}

// Restore makes the next Epoch yield the rest of the one that s was taken in: exactly the batches that had not been yielded, also
// with another number of workers. Only an IterableDataset, which its workers share out among them, needs the same number. The seed
// of this and later epochs is that of s, not that of the Options. Restore fails if s is of a dataset of another length, another
// batch size or, in the middle of an epoch, another kind of sampler, and with ErrBusy while an epoch runs. A state does not tell
// what a Sampler consists of, such as weights, nor which samples were quarantined.
func (c *core) Restore(s State) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	shares, batches, sampler := 0, c.opts.count(c.length), inWords(c.opts.batchSampler())
	if c.source.iterable {
		shares = c.seats()
	}
	switch {
	case c.epoch != nil:
		return fmt.Errorf("mp: Restore: %w", ErrBusy)
	case s.Delivered < 0 || s.Epoch < 0 || s.Turn < 0 || s.Turn >= max(shares, 1) || slices.ContainsFunc(s.Shares, func(h Share) bool { return h.Yielded < 0 }):
		return errors.New("mp: Restore: the state is damaged")
	case s.Len != c.length:
		return fmt.Errorf("mp: Restore: the state is of a dataset with %d samples, and this one has %d", s.Len, c.length)
	case s.BatchSize != c.batchSize():
		return fmt.Errorf("mp: Restore: the state is of batches of %d samples, and these have %d", s.BatchSize, c.batchSize())
	case s.Sampler != "" && s.Sampler != sampler && (s.Delivered > 0 || len(s.Ahead) > 0):
		return fmt.Errorf("mp: Restore: the state is of the middle of an epoch of batches that are %s, and these are %s: the rest is only to be had with the Options of that loader", s.Sampler, sampler)
	case batches >= 0 && s.Delivered > batches:
		return fmt.Errorf("mp: Restore: the state is behind %d batches, and an epoch has %d", s.Delivered, batches)
	case len(s.Shares) != 0 && len(s.Shares) != shares:
		return fmt.Errorf("mp: Restore: the state is of %d workers, which share the dataset out among them, and here are %d", len(s.Shares), shares)
	case shares > 0 && len(s.Shares) == 0 && s.Delivered > 0:
		return errors.New("mp: Restore: the state does not tell where the workers of the IterableDataset are")
	}
	c.at, c.restored = s, true
	return nil
}

// inWords names a sampler for State.Sampler.
func inWords(sampler any) string {
	switch s := sampler.(type) {
	case batchedBy:
		if s.dropLast {
			return inWords(s.of) + ", without a short one"
		}
		return inWords(s.of)
	case shard:
		return "shard of " + inWords(s.of)
	}
	return strings.TrimPrefix(strings.TrimPrefix(fmt.Sprintf("%T", sampler), "*"), "dataloader.")
}

// batchSize is that of the loader; −1: a BatchSampler decides.
func (c *core) batchSize() int {
	if c.opts.BatchSampler != nil {
		return -1
	}
	return c.opts.BatchSize
}
