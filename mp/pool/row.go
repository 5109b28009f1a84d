package pool

import (
	"encoding/binary"
	"os"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// A worker collects the results of items in a row where the pool can see them, on the page of the journal:
//
//	 0            8               40
//	+------------+---------------+--------+--------+----
//	| first item | answer header | result | result | …
//	+------------+---------------+--------+--------+----
//
// The number noted in the journal is the item at work. The page has the results of all items from the first one to the one
// before it. So when a worker dies, no result is lost, and the pool knows which item the worker was at.
const (
	rowHead = 8
	// rowFull is the size from which a row is sent. A result that did not fit on the page would be lost with the worker.
	rowFull = link.JournalPage - 8<<10
)

// row is the row that a worker collects.
type row struct {
	ctx   *spawn.Ending // shared by the items of the task; if they are apart, of one item
	first uint64        // the item of the first result
	head  answerHeader

	id    uint64               // the item at work
	start int                  // where its result begins
	files int                  // how many files out had before it
	began time.Time            // when the item at work began; with tellUntimed, when the row began
	done  func(*spawn.Failure) // server.endInRow, made once

	dense     spawn.Dense
	doneDense func(*spawn.Failure) // server.endDense
}

// runInRow runs an item and adds its result to the row.
func (s *server) runInRow(id uint64, arg []byte, files []*os.File) {
	gone := s.openRow(id)
	if !s.take(id) {
		link.CloseAll(files)
		s.skip(id)
		return
	}
	if gone != nil {
		link.CloseAll(files)
		s.sendRow()
		s.fail(id, &spawn.Failure{Failure: wire.Describe(gone)}, 0)
		s.closeRow()
		return
	}
	s.row.id = id
	s.row.start, s.row.files = beginItem(&s.out)
	s.runner.Run(s.row.ctx, s.header.function, arg, files, &s.out, s.row.done)
}

// openRow begins a row for the item if there is none. gone says why the item must not run.
func (s *server) openRow(id uint64) (gone error) {
	r := &s.row
	if r.head.count == 0 { // also if the item must not run: the page must not name the row that was sent when take notes the item
		page := s.journal.Page()
		binary.LittleEndian.PutUint64(page, id)
		s.out.Reset()
		s.out.Data = page[:rowHead+answerSize]
		r.first, r.head, r.began = id, answerHeader{}, time.Now()
	}
	if r.ctx == nil {
		items := span{first: id, count: uint64(s.header.count-s.position) + 1}
		if s.header.apart {
			items.count = 1
		}
		if r.ctx, _, gone = s.begin(items); gone != nil {
			return gone
		}
	}
	if s.disturbed.Load() {
		s.mu.Lock()
		if gone = s.isCancelled(id); gone == nil && s.ctx.Err() == nil {
			s.disturbed.Store(false) // it was about other items
		}
		s.mu.Unlock()
		if gone != nil {
			return gone
		}
	}
	return nil
}

// endInRow adds the result of the item at work to the row, or answers its failure.
func (s *server) endInRow(f *spawn.Failure) {
	r := &s.row
	if f != nil {
		s.out.Truncate(r.start-itemHeaderSize, r.files)
		s.sendRow()
		s.fail(r.id, f, max(time.Since(r.began), 1))
		s.closeRow()
		return
	}
	endItem(&s.out, r.start, r.files)
	if s.header.telling == tellRows {
		now := time.Now()
		took := max(now.Sub(r.began), 1)
		r.began, r.head.took = now, r.head.took+took
		if took > r.head.peak {
			r.head.peak, r.head.slowest = took, r.head.count
		}
	}
	r.head.count++
	if s.position == s.header.count || len(s.out.Data) > rowFull || len(s.out.Files) > 0 {
		s.sendRow()
	}
	s.closeRow()
}

// sendRow answers the items of the row, if there are any.
func (s *server) sendRow() {
	r := &s.row
	if r.head.count == 0 {
		return
	}
	if r.head.took == 0 {
		now := time.Now()
		r.began, r.head.took = now, max(now.Sub(r.began), 1)
	}
	h, body, files := r.head, s.out.Data[rowHead:], s.out.Files
	r.head.count = 0
	if len(files) > 0 && h.count > 1 { // the results before it go first, and are sent even if the files cannot be
		last := s.out.Data[r.start-itemHeaderSize:]
		h.count--
		h.slowest = min(h.slowest, h.count-1)
		s.answer(link.Msg{Kind: kindResult, ID: r.first, Body: body[:len(body)-len(last)]}, h)
		h, body = answerHeader{count: 1, took: 1}, append(make([]byte, answerSize), last...)
		r.first = r.id
	}
	s.answer(link.Msg{Kind: kindResult, ID: r.first, Body: body, Files: files}, h)
}

// closeRow ends the ctx of the row when the task is done, or if each item has its own.
func (s *server) closeRow() {
	if s.row.ctx != nil && (s.position == s.header.count || s.header.apart) {
		s.over(s.row.ctx)
		s.row.ctx = nil
	}
}

// found reads from the journal what the worker has done of the chunk k and not sent: count results, from the first open
// item on. running reports whether the worker is at the item behind them. p.mu is held.
func (w *worker) found(k *chunk) (count int, results []byte, running bool) {
	at, working, page := w.journal.Copy(k.id())
	done := at - k.id()
	if !working || done >= uint64(k.count-k.done) {
		return 0, nil, false
	}
	first := binary.LittleEndian.Uint64(page)
	if results = page[rowHead+answerSize:]; first > at || at-first < done { // the row was sent, or the worker lies
		return 0, nil, true
	}
	if k.dense > 0 {
		if at-first > uint64(len(results)/k.dense) {
			return 0, nil, true
		}
		return int(done), results[(at-first-done)*uint64(k.dense):], true
	}
	for range at - first - done { // these are settled already
		var err error
		if _, _, results, _, err = cutItem(results, nil); err != nil {
			return 0, nil, true
		}
	}
	return int(done), results, true
}

// tells sets how the worker reports the items of a chunk, and returns the chunk, which may be nil. p.mu is held.
func (w *worker) tells(k *chunk) *chunk {
	switch {
	case k == nil || !k.call.inRows() || w.journal == nil:
	case k.call.pace.mean > 0 && k.call.pace.mean < timedFrom:
		k.telling = tellUntimed
	default:
		k.telling = tellRows
	}
	if k != nil && k.telling != tellEach {
		k.dense = k.call.dense
	}
	return k
}

// timedFrom is the mean duration from which it pays to time each item.
const timedFrom = time.Microsecond

// salvage settles the results that a dead worker had not sent, and notes whether it was at an item.
func (p *Pool) salvage(w *worker) {
	p.mu.Lock()
	k := w.head()
	if k == nil || k.telling == tellEach {
		p.mu.Unlock()
		return
	}
	var count int
	var results []byte
	index := k.index()
	count, results, w.running = w.found(k)
	if count > 0 || w.running {
		p.failures = 0 // it was a good start, though no message has told of it
	}
	k.done += count
	w.answered += count
	p.mu.Unlock()
	if count > 0 {
		p.settleResults(k, index, count, results, nil)
	}
}
