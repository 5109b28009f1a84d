package pool

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
)

// fail has an item that failed run again if it may, and settles it with err otherwise.
func (p *Pool) fail(c *call, index int, err error) {
	p.mu.Lock()
	again, t := c.mayRetry(index, err)
	if stopped := c.stoppedFor(index); stopped != nil && errors.Is(err, context.Canceled) && !errors.Is(err, stopped) {
		err = fmt.Errorf("%w: %w", stopped, err) // why it was cancelled
	}
	quarantined := !again && c.quarantined(t)
	switch {
	case again:
		p.happened(Event{Kind: EventRetried, Func: c.name, Index: c.label(index), Err: err})
	case quarantined:
		err = c.quarantine(index, t, err)
		p.happened(Event{Kind: EventQuarantined, Func: c.name, Index: c.label(index), Err: err})
	}
	p.mu.Unlock()
	if again {
		p.dispatch()
		return
	}
	if quarantined {
		p.opts.Logger.Warn("an item is quarantined", "error", err)
	}
	p.settle(c, index, nil, nil, err)
}

// settleResults settles count items of k in a row, from index on, which have results.
func (p *Pool) settleResults(k *chunk, index, count int, results []byte, files []*os.File) {
	c := k.call
	if k.telling != tellEach && len(files) == 0 {
		c.row(index, count, results)
		p.settled(c, index, count)
		return
	}
	result, own, _, left, err := cutItem(results, files)
	if err != nil {
		left, err = files, fmt.Errorf("mp: %s: the result cannot be decoded: %w", taskName(c.name, c.label(index)), err)
	}
	link.CloseAll(left) // files that belong to no result
	p.settle(c, index, result, own, err)
}

// settle gives one item its outcome, a result or an error.
func (p *Pool) settle(c *call, index int, data []byte, files []*os.File, err error) {
	c.outcome(index, data, files, err)
	p.settled(c, index, 1)
}

// settled notes that count items, from index on, have got their outcomes, and ends the call if nothing of it is left.
func (p *Pool) settled(c *call, index, count int) {
	p.mu.Lock()
	c.open -= count
	if len(c.tries) > 0 || len(c.lost) > 0 {
		for i := index; i < index+count; i++ {
			delete(c.tries, i)
			delete(c.lost, i)
		}
	}
	ended := c.finished()
	p.mu.Unlock()
	c.conclude(ended)
}
