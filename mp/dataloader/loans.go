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

// loans are the slabs of one worker, as the parent knows them. An order takes one to the worker (lend); its reply brings it
// (adopt), with a batch or without; the batch is decoded (readBatch); and when nobody looks at it any more, the slab can be
// lent again (giveBack). What a worker says of its slabs is not believed.
//
// Orders can be called off (withdraw). A worker gets one batch after the other and its replies come in that order, so their
// slabs can be lent again at once, and late replies are only listened to (decline).
type loans struct {
	mu    sync.Mutex
	slabs []loan
	over  bool // the worker has ended

	poisons bool // what is given back
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

// mostSegments is more than a slab can have whose segments double it.
const mostSegments = 64

// adopt takes what the reply to an order says of its slab, which is i. On an error the slab is as it was: the worker is not to
// be trusted, or has ended (ErrClosed).
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

// withdraw is for when the worker is told that nobody wants what was ordered before.
func (l *loans) withdraw() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.slabs {
		if s := &l.slabs[i]; s.where == loanOut {
			s.where = loanFree
		}
	}
}

// decline takes what the reply to an order that was called off says. An error is one of adopt.
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

// refuse says why news cannot be taken, and closes what came with it. l.mu is held.
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

// giveBack ends what can be seen of the batch in the slab, which was adopted.
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

// poison makes a slice that should not be used any more look like that.
func (s *loan) poison() {
	for _, m := range s.segments {
		b := m.Bytes()
		for i := range b {
			b[i] = 0xDB
		}
	}
}

// end is for a worker that has ended. Slabs with a batch in them stay until they are given back.
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

// readBatch decodes the batch in slab i, which was adopted. What the message refers to is copied, or, if view, lies in the slab
// until that is given back. On an error the files are still the caller's.
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
	budget   int // bytes of the slab that slices can be in still
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
	if r.budget -= n; r.budget < 0 { // a small message must not be copies of one large slice
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

// overlap is an error if two slices have memory in common.
func (r *resolver) overlap() error {
	slices.SortFunc(r.found, span.compare)
	for i := 1; i < len(r.found); i++ {
		if r.found[i-1].meets(r.found[i]) {
			return errOverlap
		}
	}
	return nil
}
