package pool

import (
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// runDense runs items whose arguments and results are numbers, from the one with this id on, as far as the page and the
// task go.
func (s *server) runDense(id uint64) {
	argSize, resultSize, ok := spawn.DenseSizes(s.header.function)
	left := int(s.header.count - s.position)
	if !ok || len(s.items) != left*argSize {
		s.err = errProtocol
		return
	}
	if gone := s.openRow(id); gone != nil {
		if !s.take(id) {
			s.skip(id)
			return
		}
		s.items = s.items[argSize:]
		s.position++
		s.fail(id, &spawn.Failure{Failure: wire.Describe(gone)}, 0)
		s.closeRow()
		return
	}
	s.row.dense = spawn.Dense{
		Args: s.items, Results: s.journal.Page()[rowHead+answerSize : rowFull],
		Count: min(left, (rowFull-rowHead-answerSize)/resultSize), Journal: s.journal, First: id,
		Stop: &s.disturbed, Timed: s.header.telling == tellRows,
	}
	s.runner.RunDense(s.row.ctx, s.header.function, &s.row.dense, s.row.doneDense)
}

// endDense answers the items that runDense has run, and then the one that failed.
func (s *server) endDense(f *spawn.Failure) {
	d := &s.row.dense
	argSize, resultSize, _ := spawn.DenseSizes(s.header.function)
	s.items = s.items[d.Done*argSize:]
	s.position += uint32(d.Done)
	if d.Done > 0 {
		ended := time.Now()
		if f != nil && d.Timed {
			ended = d.Began
		}
		s.row.head = answerHeader{
			count: uint32(d.Done), slowest: uint32(d.Slowest), peak: d.Peak, took: max(ended.Sub(s.row.began), 1),
		}
		s.row.began = ended
		s.out.Data = s.out.Data[:len(s.out.Data)+d.Done*resultSize]
		s.sendRow()
	}
	if f != nil {
		s.items = s.items[argSize:]
		s.position++
		s.fail(d.First+uint64(d.Done), f, max(time.Since(s.row.began), 1))
	}
	if d.TakenBack {
		s.skip(d.First + uint64(d.Done))
		return
	}
	s.closeRow()
}
