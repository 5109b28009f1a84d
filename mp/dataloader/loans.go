package dataloader

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// loans are the slabs of one worker, as the parent knows them. An order takes a slab to the worker (lend); its reply brings the
// slab back (adopt), with a batch or without; the batch is decoded (readBatch); when it is not used any more, the slab can be lent
// again (giveBack). Whatever a worker says of its slabs is checked.
//
// Orders can be called off (withdraw). Their slabs can be lent again at once, because a worker makes one batch after the other
// and replies in that order. A late reply only tells of new or retired segments (decline).
type loans struct {
	mu    sync.Mutex
	slabs []loan
	over  bool // the worker has ended

	poisons bool // slabs are overwritten when they are given back
}

type loan struct {
	where    loanState
	segments []*sharedmem.SharedMemory
	retire   bool // the worker will not use the segments again
}

type loanState uint8

const (
	loanFree loanState = iota
	loanOut            // with an order, to the worker
	loanHere           // with a batch in it
)

func newLoans(n int) *loans { return &loans{slabs: make([]loan, n), poisons: spawn.Debugging()} }

// lend returns a slab for an order, if there is one.
func (l *loans) lend() (i int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i = slices.IndexFunc(l.slabs, func(s loan) bool { return s.where == loanFree })
	if ok = i >= 0 && !l.over; ok {
		l.slabs[i].where = loanOut
	}
	return i, ok
}

// mostSegments is more than a slab can have, since each new segment doubles it.
const mostSegments = 64

// adopt takes in what the reply to an order says of its slab i. On an error the slab is unchanged: the worker cannot be trusted,
// or has ended (ErrClosed).
func (l *loans) adopt(i int, news slabNews) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.refuse(i, news); err != nil {
		return err
	}
	s := &l.slabs[i]
	if s.where != loanOut {
		news.close()
		return errors.New("a worker sent a batch in a slab that it does not have")
	}
	s.where, s.retire = loanHere, news.Retire
	s.segments = append(s.segments, news.Fresh...)
	return nil
}

// withdraw takes back all slabs that are lent, when the worker is told to drop its orders.
func (l *loans) withdraw() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.slabs {
		if s := &l.slabs[i]; s.where == loanOut {
			s.where = loanFree
		}
	}
}

// decline takes in what the reply to an order that was called off says of its slab. Its errors are those of adopt.
func (l *loans) decline(news slabNews) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.refuse(news.Slab, news); err != nil {
		return err
	}
	s := &l.slabs[news.Slab]
	s.segments = append(s.segments, news.Fresh...)
	switch {
	case s.where == loanHere:
		s.retire = s.retire || news.Retire
	case news.Retire:
		s.close()
	}
	return nil
}

// refuse returns an error if news cannot be true, and closes its segments then. l.mu is held.
func (l *loans) refuse(i int, news slabNews) (err error) {
	switch {
	case l.over:
		err = fmt.Errorf("a batch of a worker that has ended: %w", spawn.ErrClosed)
	case i < 0 || i >= len(l.slabs):
		err = fmt.Errorf("a worker told of slab %d of %d", i, len(l.slabs))
	case len(l.slabs[i].segments)+len(news.Fresh) > mostSegments || slices.Contains(news.Fresh, nil):
		err = fmt.Errorf("a worker sent %d segments for a slab of %d", len(news.Fresh), len(l.slabs[i].segments))
	}
	if err != nil {
		news.close()
	}
	return err
}

// close closes the segments of a reply that is not taken.
func (n *slabNews) close() {
	for _, m := range n.Fresh {
		if m != nil {
			m.Close()
		}
	}
}

// giveBack makes slab i, which was adopted, free to be lent again. The batch in it must not be used any more.
func (l *loans) giveBack(i int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &l.slabs[i]
	s.where = loanFree
	if s.retire || l.over {
		s.close()
	} else if l.poisons {
		s.poison()
	}
}

func (s *loan) close() {
	for _, m := range s.segments {
		m.Close()
	}
	s.segments, s.retire = nil, false
}

// poison overwrites the slab, so that a program that uses a batch for too long sees it.
func (s *loan) poison() {
	for _, m := range s.segments {
		b := m.Bytes()
		for i := range b {
			b[i] = 0xDB
		}
	}
}

// end closes the slabs of a worker that has ended. Those with a batch in them stay until they are given back.
func (l *loans) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	for i := range l.slabs {
		if s := &l.slabs[i]; s.where != loanHere {
			s.close()
		}
	}
}

// readBatch decodes the batch in slab i, which was adopted. Slices that the message refers to are copied; with view they stay in
// the slab, and are valid until it is given back. On an error the files still belong to the caller.
func readBatch[B any](l *loans, i int, codec *wire.Codec[B], body []byte, files []*os.File, view bool) (batch B, err error) {
	l.mu.Lock()
	r := &resolver{view: view}
	for _, m := range l.slabs[i].segments {
		r.segments = append(r.segments, m.Bytes())
		r.budget += m.Size()
	}
	l.mu.Unlock()
	if err = codec.DecodeShared(body, files, r.resolve, &batch); err == nil {
		err = r.overlap()
	}
	return batch, err
}

// resolver finds the slices that a batch has in its slab.
type resolver struct {
	view     bool
	segments [][]byte
	budget   int // how many more bytes the message may refer to
	found    []span
}

func (r *resolver) resolve(ref wire.Ref) ([]byte, error) {
	if uint64(ref.Segment) >= uint64(len(r.segments)) {
		return nil, fmt.Errorf("found a reference to segment %d of a slab of %d", ref.Segment, len(r.segments))
	}
	segment := r.segments[ref.Segment]
	if size := uint64(len(segment)); ref.Offset > size || uint64(ref.Length) > size-ref.Offset {
		return nil, fmt.Errorf("found a reference to %d bytes at offset %d of a segment of %d", ref.Length, ref.Offset, size)
	}
	from, n := int(ref.Offset), int(ref.Length)
	if r.budget -= n; r.budget < 0 { // otherwise a small message could become many copies of one large slice
		return nil, errOverlap
	}
	r.found = append(r.found, span{int(ref.Segment), from, from + n})
	p := segment[from : from+n : from+n]
	if !r.view {
		p = bytes.Clone(p)
	}
	return p, nil
}

var errOverlap = errors.New("found references to memory that overlaps")

// overlap returns an error if two slices have memory in common.
func (r *resolver) overlap() error {
	slices.SortFunc(r.found, span.compare)
	for i := 1; i < len(r.found); i++ {
		if r.found[i-1].meets(r.found[i]) {
			return errOverlap
		}
	}
	return nil
}
