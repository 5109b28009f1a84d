package pool

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

const (
	// firstPause is how long a place waits before it starts another worker after one that did nothing or did not start. The
	// pause doubles each time, up to lastPause.
	firstPause = 10 * time.Millisecond
	lastPause  = time.Second
	// tooManyFailures is how many starts in a row may fail, when no worker is left, before the pool gives up.
	tooManyFailures = 5
)

// keep keeps one place of the pool filled with a worker, until the pool ends. It sends the outcome of its first start to
// ready.
func (p *Pool) keep(place int, ready chan<- error) {
	defer p.keepers.Done()
	w, err := p.hire(place, 0)
	ready <- err
	pause := firstPause
	for before := 0; ; {
		if err == nil {
			before++
			err = p.bury(w, w.receive())
		}
		if p.ctx.Err() != nil || err != nil && p.giveUp(err) {
			return
		}
		switch {
		case err == nil && w.leaving == errIdle:
			if !p.awaitWork() {
				return
			}
		case err == nil && w.useful:
			pause = firstPause
		default:
			select {
			case <-time.After(pause):
			case <-p.ctx.Done():
				return
			}
			pause = min(2*pause, lastPause)
		}
		w, err = p.hire(place, before)
	}
}

// hire starts a worker, waits until it is initialised, and gives it work.
func (p *Pool) hire(place, before int) (*worker, error) {
	seat, err := p.backend.start(p.ctx, p.init)
	if err != nil {
		return nil, err
	}
	l := seat.Link()
	w := &worker{pool: p, seat: seat, journal: l.Journal(), place: place, before: before}
	w.receiver.summons = make(chan struct{}, 1)
	l.Heed(w.heed)
	if err := p.initialised(seat); err != nil {
		return nil, err
	}
	p.mu.Lock()
	w.up = time.Now()
	w.idle = w.up
	p.workers = append(p.workers, w)
	p.happened(Event{Kind: EventStarted, Worker: seat.Name(), Pid: seat.Pid(), Index: -1})
	p.mu.Unlock()
	p.opts.Logger.Debug("worker is ready", "worker", seat.Name(), "child_pid", seat.Pid())
	p.dispatch()
	if limit := p.opts.IdleTimeout; limit > 0 { // only now: it must not leave before it was given what it was hired for
		p.mu.Lock()
		w.idler = time.AfterFunc(limit, w.idles)
		p.mu.Unlock()
	}
	return w, nil
}

// initialised waits until a worker's Init has ended. The InitTimeout and the end of the pool end the wait, as they end the
// worker. When Init has failed, initialised ends the worker, closes its link, and returns the error.
func (p *Pool) initialised(s seat) error {
	late := fmt.Errorf("%w: Init ran longer than the InitTimeout of %v", spawn.ErrTimeout, p.opts.InitTimeout)
	timer := time.AfterFunc(p.opts.InitTimeout, func() { s.Stop(late) })
	m, err := s.Link().Recv()
	m.CloseFiles() // there are none, if the worker keeps to the protocol
	inTime := timer.Stop()
	name := p.opts.Init.Name()
	switch {
	case err != nil:
		s.Bury(err)
		return s.ExitError(name, -1)
	case !inTime: // the worker has stopped when it was told to, or will be killed
		m.Release()
		s.Bury(io.EOF)
		return fmt.Errorf("mp: %s in %s (pid %d) did not end: %w", name, s.Name(), s.Pid(), late)
	case m.Kind == kindReady:
		return nil
	case m.Kind == kindInitFailed:
		f, err := spawn.DecodeFailure(m.Body)
		m.Release()
		if err == nil {
			err = f.Remote(name, -1, s.Name(), s.Pid())
		}
		s.Stop(err)
		s.Bury(io.EOF)
		return err
	default:
		s.Bury(unexpected(m))
		return s.ExitError(name, -1)
	}
}

// bury ends a worker whose link has ended with err. The item that it ran fails; items that it had not begun run in other
// workers. If it was given items and has not done or begun any, bury returns how it ended, which counts as a failed start.
func (p *Pool) bury(w *worker, err error) error {
	p.mu.Lock()
	w.gone = true
	for _, timer := range []*time.Timer{w.idler, w.ender} {
		if timer != nil {
			timer.Stop()
		}
	}
	p.workers = slices.DeleteFunc(p.workers, func(o *worker) bool { return o == w })
	p.mu.Unlock()
	w.seat.AwaitEnd(err)
	defer w.seat.Link().Close() // after all is settled, as it takes longer to give back the memory of the link

	var victim *chunk
	var index int
	var ended []*call
	p.salvage(w)
	p.mu.Lock()
	w.running = w.running && !w.blameless
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
	had := w.queue
	w.queue, w.skips = nil, nil
	w.rest()
	p.mu.Unlock()

	exit := w.seat.ExitError("", -1)
	if victim != nil {
		exit = w.seat.ExitError(victim.call.name, victim.call.label(index))
		exit.Arg = victim.call.arg(index)
	}
	p.note(w, exit, victim != nil)
	for _, c := range ended {
		c.conclude(true)
	}
	if victim != nil {
		p.fail(victim.call, index, p.verdict(victim.call, index, exit))
		runtime.Gosched() // the caller that waits for the item goes on before another worker is started
	}
	for _, k := range had { // cancelled submissions must not run in another worker
		if k.call.batch != nil {
			k.call.batch.recallStopped(k.from, k.count)
		}
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
		return false // the pool killed it for another item, whose answer came at the last moment
	case w.running:
		return true
	default:
		return k.count == 1 && len(w.queue) == 1 && k.call.lost[k.from] >= mostLost
	}
}

// verdict is the error of an item whose worker has ended. When the item was stopped, and the worker has ended in order, the
// stop is the error, not the end of the worker.
func (p *Pool) verdict(c *call, index int, exit *spawn.ExitError) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if stopped := c.stoppedFor(index); exit.ExitCode == 0 && stopped != nil {
		return stopped
	}
	return exit
}

// note reports the end of a worker to the log and to OnEvent, and to Close if the worker was told to end and ended badly.
// ran: an item is blamed for the end.
func (p *Pool) note(w *worker, exit *spawn.ExitError, ran bool) {
	log := p.opts.Logger
	switch {
	case exit.ExitCode == 0 && !ran && (w.leaving != nil || p.ctx.Err() != nil):
		log.Debug("worker has ended", "worker", exit.Name, "child_pid", exit.Pid)
		if w.leaving == nil {
			return // it has ended with the pool, which is no event
		}
	case exit.Cause == spawn.CauseExit && !ran && (p.ctx.Err() != nil || w.retiring):
		p.mu.Lock()
		p.faults.Add(exit)
		p.mu.Unlock()
		fallthrough
	default:
		log.Warn("worker has died", "worker", exit.Name, "child_pid", exit.Pid, "error", exit)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.happened(w.ended(exit))
}

// giveUp counts a failed start. It ends the pool, as broken, and returns true if no worker is left and too many starts in a
// row have failed. It also ends the pool when this process is exiting.
func (p *Pool) giveUp(err error) bool {
	if err == spawn.ErrExiting { // this process is exiting; inside the error of an Init, it is the worker's
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
