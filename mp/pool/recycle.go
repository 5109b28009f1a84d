package pool

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Why a worker is let go.
var (
	errTasks = errors.New("it has done its MaxTasksPerWorker")
	errIdle  = errors.New("it had nothing to do for the IdleTimeout")
)

// retire tells the worker to end if it is to leave and has answered all that it was given, and sets a timer that kills it
// if it does not. A worker that was given its MaxTasksPerWorker is to leave from now on. retire does not wait. p.mu is
// held.
func (w *worker) retire() {
	if w.gone {
		return
	}
	if limit := w.pool.opts.MaxTasksPerWorker; limit > 0 && w.given >= limit && w.leaving == nil {
		w.leaving = errTasks
	}
	if w.leaving == nil || len(w.queue) > 0 || len(w.skips) > 0 || w.sending || w.retiring {
		return
	}
	w.retiring = true
	why := w.leaving
	go w.seat.Link().Urge(link.Msg{Kind: spawn.KindStop, Body: []byte(spawn.CauseCancel)})
	limit := spawn.Sum(max(w.pool.opts.KillDelay, spawn.DefaultKillDelay), spawn.ExitLimit)
	w.ender = time.AfterFunc(limit, func() { w.seat.KillFor(why) })
}

// ungive takes off the count items that the worker was given and will not run after all. p.mu is held.
func (w *worker) ungive(count int) {
	w.given -= count
	if w.leaving == errTasks {
		w.leaving = nil // it has not been given them after all
	}
}

// weighEvery is the least time between two looks at the memory of a worker.
const weighEvery = 10 * time.Millisecond

// weigh lets a worker go that uses more than MaxMemoryPerWorker. It is called for each answer.
func (w *worker) weigh() {
	p := w.pool
	limit := p.opts.MaxMemoryPerWorker
	if limit == 0 || time.Since(w.weighed) < weighEvery {
		return
	}
	w.weighed = time.Now()
	if used := w.seat.Memory(); used > limit {
		p.mu.Lock()
		defer p.mu.Unlock()
		if w.leaving == nil {
			w.leaving = fmt.Errorf("it used %d MiB, more than its MaxMemoryPerWorker of %d MiB", used>>20, limit>>20)
		}
		w.retire()
	}
}

// idles lets the worker go if it has had nothing to do for the IdleTimeout; otherwise it looks again later.
func (w *worker) idles() {
	p := w.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	left := p.opts.IdleTimeout
	if !w.idle.IsZero() {
		left -= time.Since(w.idle)
	}
	switch {
	case w.gone || w.leaving != nil:
	case left > 0 || w.sending:
		w.idler.Reset(max(left, time.Millisecond))
	default:
		w.leaving = errIdle
		w.retire()
	}
}
