package pool

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

const (
	// firstPause and lastPause are how long a slot waits before it starts a worker again after one that did nothing;
	// the pause doubles.
	firstPause = 10 * time.Millisecond
	lastPause  = time.Second
	// tooManyFailures is how many starts in a row may fail, when no worker is left, before the pool gives up.
	tooManyFailures = 5
)

// keep keeps one slot of the pool filled with a worker, until the pool ends. It reports its first start to ready.
func (p *Pool) keep(ready chan<- error) {
	defer p.slots.Done()
	w, err := p.hire()
	ready <- err
	for pause := firstPause; ; {
		if err == nil {
			err = p.bury(w, w.receive())
		}
		if p.ctx.Err() != nil || err != nil && p.giveUp(err) {
			return
		}
		if err == nil && w.useful {
			pause = firstPause
		} else {
			select {
			case <-time.After(pause):
			case <-p.ctx.Done():
				return
			}
			pause = min(2*pause, lastPause)
		}
		w, err = p.hire()
	}
}

// hire starts a worker, waits until it is initialised, and gives it work.
func (p *Pool) hire() (*worker, error) {
	seat, err := p.backend.start(p.ctx, p.init)
	if err != nil {
		return nil, err
	}
	if err := p.initialised(seat); err != nil {
		return nil, err
	}
	w := &worker{pool: p, seat: seat}
	p.mu.Lock()
	p.workers = append(p.workers, w)
	p.started++
	p.mu.Unlock()
	p.opts.Logger.Debug("worker is ready", "worker", seat.Name(), "pid", seat.Pid())
	p.feed(w)
	return w, nil
}

// initialised waits for the end of a worker's Init. The pool's end ends the wait: it ends the worker.
func (p *Pool) initialised(s seat) error {
	m, err := s.Link().Recv()
	for err == nil && m.Kind == spawn.KindRecord {
		s.Relay(m, p.opts.Init.Name())
		m, err = s.Link().Recv()
	}
	if err == nil && m.Kind == kindReady {
		return nil
	}
	if err == nil && m.Kind == kindInitFailed {
		f, bad := spawn.DecodeFailure(m.Body)
		m.Release()
		if err = bad; err == nil {
			err = f.Remote(p.opts.Init.Name(), -1, s.Name(), s.Pid())
		}
		s.Stop(err)
		s.Bury(io.EOF)
		return err
	}
	if err == nil {
		err = unexpected(m)
	}
	s.Bury(err)
	return s.ExitError(p.opts.Init.Name(), -1)
}

// bury ends a worker whose link has ended with err: the item that it ran fails, what it had not begun runs elsewhere. When
// it was given work and had not even begun any, that is as bad as a start that failed, and the error is returned.
func (p *Pool) bury(w *worker, err error) error {
	p.mu.Lock()
	w.gone = true
	p.workers = slices.DeleteFunc(p.workers, func(o *worker) bool { return o == w })
	p.mu.Unlock()
	w.seat.Bury(err)

	var victim *chunk
	var index int
	var ended []*call
	p.mu.Lock()
	for i, k := range w.queue {
		if i > 0 || !w.running {
			k.call.loses(k)
		}
		if i == 0 && w.toBlame(k) {
			victim, index = k, k.index()
			k.done++
		}
		k.call.giveBack(k)
		if k != victim && k.call.finished() {
			ended = append(ended, k.call)
		}
	}
	w.queue = nil
	w.rest()
	p.mu.Unlock()

	exit := w.seat.ExitError("", -1)
	if victim != nil {
		exit = w.seat.ExitError(victim.call.name, victim.call.label(index))
	}
	p.note(w, exit, victim != nil)
	for _, c := range ended {
		c.conclude(true)
	}
	if victim != nil {
		p.fail(victim.call, index, p.verdict(victim.call, exit))
	}
	p.dispatch()
	w.useful = victim != nil || w.answered > 0
	if !w.useful && w.given > 0 {
		return exit
	}
	return nil
}

// toBlame reports whether the first open item of k, which is at the head of a dead worker's queue, has to do with the
// death. p.mu is held.
func (w *worker) toBlame(k *chunk) bool {
	switch {
	case w.doomed != nil && !w.doomed.has(k.id()):
		return false // we killed it for another item, whose answer came at the last moment
	case w.running:
		return true
	default:
		return k.count == 1 && len(w.queue) == 1 && k.call.lost[k.from] >= mostLost
	}
}

// verdict is the error of an item whose worker has ended. A worker that leaves in order, because its call or the pool has
// ended, is not what ended the item.
func (p *Pool) verdict(c *call, exit *spawn.ExitError) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if exit.ExitCode == 0 && c.stopped != nil {
		return c.stopped
	}
	return exit
}

// note logs the end of a worker, and keeps what Close has to tell.
func (p *Pool) note(w *worker, exit *spawn.ExitError, ran bool) {
	log := p.opts.Logger
	switch {
	case exit.ExitCode == 0 && !ran:
		log.Debug("worker has ended", "worker", exit.Name, "pid", exit.Pid)
		return
	case exit.Cause == spawn.CauseExit && !ran && (p.ctx.Err() != nil || w.retiring):
		p.mu.Lock()
		p.faults = errors.Join(p.faults, exit)
		p.mu.Unlock()
	}
	log.Warn("worker has died", "worker", exit.Name, "pid", exit.Pid, "error", exit)
}

// giveUp counts a failed start. When no worker is left and too many failed in a row, the pool is broken.
func (p *Pool) giveUp(err error) bool {
	if errors.Is(err, spawn.ErrExiting) {
		p.end(err)
		return true
	}
	p.opts.Logger.Error("a worker could not be started", "error", err)
	p.mu.Lock()
	p.failures++
	broken := len(p.workers) == 0 && p.failures >= tooManyFailures
	p.mu.Unlock()
	if broken {
		p.end(fmt.Errorf("%w: no worker is left and %d starts in a row have failed, at last with: %w",
			ErrBroken, tooManyFailures, err))
	}
	return broken
}
