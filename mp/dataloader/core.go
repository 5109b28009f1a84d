package dataloader

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// core is a Loader without the type of its batches.
type core struct {
	opts    Options
	source  source
	open    preset          // of the dataset
	init    *preset         // WorkerInit
	collate func() uint32   // the number of the function; nil: there is none
	ctx     context.Context // of the workers
	end     context.CancelCauseFunc
	replies *queue.Queue[reply] // the data queue
	wake    chan struct{}       // something has happened that the Epoch loop waits for
	tasks   sync.WaitGroup
	local   *local // nil: there are workers

	mu       sync.Mutex
	members  []*member // by ID; nil: there is none now
	made     int       // processes
	serial   uint64    // of the last order
	length   int       // of the dataset; unknown until a worker is up
	failures int       // of workers to come up, in a row
	broken   error     // no worker comes up, or nothing that comes is to be trusted
	exits    []error   // of workers that ended badly when they were to end
	closed   bool
	epochs   int    // begun
	epoch    *epoch // that runs
	began    time.Time
	at       State // between epochs
	restored bool
	record   record
	stats    Stats
}

const unknown = -2

func newCore(ctx context.Context, src source, opts *Options) (*core, error) {
	c := &core{source: src, length: unknown, wake: make(chan struct{}, 1)}
	if opts != nil {
		c.opts = *opts
	}
	if err := c.opts.check(&c.source); err != nil {
		return nil, err
	}
	c.record = record{strikes: make(map[int]strikes), bad: make(map[int]*SampleError), stats: &c.stats, dataset: src.init.Name()}
	c.ctx, c.end = context.WithCancelCause(ctx)
	c.stats.Workers = c.opts.Workers
	c.at = State{Seed: c.opts.Seed}
	return c, nil
}

// prepare encodes what every worker is started with.
func (c *core) prepare() error {
	open, err := encodePreset(c.source.init)
	if err != nil {
		return err
	}
	c.open = *open
	c.replies, err = queue.New[reply](0)
	return err
}

func encodePreset(i spawn.Initializer) (*preset, error) {
	var b wire.Buffer
	id, err := spawn.EncodeInit(i, &b)
	if err == nil && b.Boarded() {
		b.Reset()
		err = spawn.ArgUnsent(i.Name(), -1, errors.New("every worker gets it, and it holds an object that one process has at a time, such as an end of a Pipe"))
	}
	if err != nil {
		return nil, err
	}
	return &preset{Func: id, Arg: b.Data, Files: b.Files}, nil
}

// begin starts the workers and waits until the dataset is open in all of them.
func (c *core) begin() error {
	if c.opts.Workers > 0 || c.opts.WorkerInit.Name() != "" {
		if err := spawn.Ready(); err != nil {
			return err
		}
	}
	if c.opts.WorkerInit.Name() != "" {
		var err error
		if c.init, err = encodePreset(c.opts.WorkerInit); err != nil {
			return err
		}
	}
	if c.opts.Workers == 0 {
		return c.openHere()
	}
	if err := c.prepare(); err != nil {
		return err
	}
	c.tasks.Add(1)
	go c.listen()
	c.mu.Lock()
	c.members = make([]*member, c.opts.Workers)
	c.hire()
	c.mu.Unlock()
	for {
		c.mu.Lock()
		up, err := c.up(), c.broken
		c.mu.Unlock()
		switch {
		case err != nil:
			return err
		case up == len(c.members):
			return nil
		}
		select {
		case <-c.wake:
		case <-c.ctx.Done():
			return fmt.Errorf("mp: the loader was not started: %w", spawn.CtxError(c.ctx))
		}
	}
}

// up counts the workers that are ready. c.mu is held.
func (c *core) up() (n int) {
	for _, m := range c.members {
		if m != nil && m.up {
			n++
		}
	}
	return n
}

// hire starts the workers that are missing. c.mu is held.
func (c *core) hire() {
	for id, m := range c.members {
		if m == nil && !c.closed && c.broken == nil {
			if c.members[id], c.broken = c.newMember(id); c.broken == nil {
				c.stats.Starts++
				c.tasks.Add(1)
				go c.attend(c.members[id])
			}
		}
	}
}

// listen hears what workers say.
func (c *core) listen() {
	defer c.tasks.Done()
	for r, err := range c.replies.All(c.ctx) {
		if c.ctx.Err() != nil {
			r.drop()
			return
		}
		c.mu.Lock()
		if err != nil { // nobody knows whose it was
			c.broken = fmt.Errorf("mp: the loader cannot read what a worker sends: %w", err)
		} else if !c.heard(&r) {
			r.drop()
		}
		c.mu.Unlock()
		c.signal()
	}
}

func (c *core) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// heard takes in a reply, and reports whether it is kept. c.mu is held.
func (c *core) heard(r *reply) bool {
	var m *member
	for _, o := range c.members {
		if o != nil && o.number == r.Worker && !o.retired {
			m = o
		}
	}
	if m == nil {
		return false // of one that is dead
	}
	defer c.watch(m)
	switch {
	case r.Serial == 0:
		c.cameUp(m, r)
	case r.Serial == m.calledOff:
		m.calledOff = 0
	default:
		return c.came(m, r)
	}
	return false
}

// came takes in the reply to an order. c.mu is held.
func (c *core) came(m *member, r *reply) (kept bool) {
	var t *task
	if c.epoch != nil {
		t = c.epoch.find(m.id, r.Serial)
	}
	var err error
	if t != nil {
		err = m.loans.adopt(t.slab, r.News)
	} else {
		err = m.loans.decline(r.News)
	}
	r.News.Fresh = nil
	if err != nil {
		c.broken = fmt.Errorf("mp: the loader cannot use what %s sends: %w", m.name, err)
	}
	if t == nil || err != nil {
		return false
	}
	c.failures = 0
	c.stats.Busy += r.Busy
	if kept = c.epoch.came(t, m, r); !kept {
		m.loans.giveBack(t.slab)
	}
	c.assign()
	return kept
}

// drop gives up what a reply holds that nobody wants.
func (r *reply) drop() {
	link.CloseAll(r.Files)
	r.News.close()
}

func (c *core) cameUp(m *member, r *reply) {
	m.name, m.pid = r.Name, r.Pid
	if err := c.measured(r.Len, m.name); err != nil {
		c.broken = err
		return
	}
	m.up, c.failures = true, 0
	if c.epoch != nil {
		c.epoch.ready(m.id)
		c.assign()
	}
}

// measured takes in how long the dataset is.
func (c *core) measured(length int, worker string) error {
	if length < 0 && !c.source.many {
		return fmt.Errorf("mp: %s has %d samples in %s: Len must not be negative", c.record.dataset, length, worker)
	}
	if c.length == unknown {
		c.length = length
	}
	if length != c.length {
		return fmt.Errorf("mp: %s has %d samples in %s and %d in another worker: Len must be the same in all", c.record.dataset, length, worker, c.length)
	}
	return checkSampler(c.opts.batchSampler(), length)
}

// assign sends what can be sent. c.mu is held.
func (c *core) assign() {
	c.epoch.assign(func(id int, t *task) {
		o := c.order(id, t)
		if c.local != nil {
			c.local.todo = append(c.local.todo, ordered{t, o})
			return
		}
		m := c.members[id]
		t.slab, _ = m.loans.lend() // there is one for each that it may be ahead, unless it is dead
		o.Slab = t.slab
		if err := m.orders.Put(context.Background(), *o); err != nil { // unbounded: it does not wait
			c.broken = err
		}
		if len(c.epoch.seats[id].out) == 1 {
			c.watch(m)
		}
	})
}

// order makes the order for a task. c.mu is held.
func (c *core) order(id int, t *task) *order {
	c.serial++
	t.serial = c.serial
	o := &order{Serial: t.serial, Seed: c.epoch.seed, Epoch: c.epoch.number, Indices: t.trying(), Probe: t.probing()}
	if s := &c.epoch.seats[id]; c.source.many {
		o.Count, o.Fresh, o.Leave = c.opts.BatchSize, s.fresh, s.arrived
		s.fresh = false
	}
	return o
}

// mostFailures is how many workers in a row may fail to come up.
const mostFailures = 5

// left takes note that a worker has ended, and sees to another one.
func (c *core) left(m *member, err error) {
	c.mu.Lock()
	m.watched++
	m.loans.end()
	if c.members[m.id] == m {
		c.members[m.id] = nil
	}
	pause := time.Duration(0)
	switch {
	case m.retired || c.ctx.Err() != nil:
		var exit *spawn.ExitError
		if errors.As(err, &exit) && exit.Returned {
			c.exits = append(c.exits, err)
		}
	case !m.up:
		c.failures++
		pause = 5 * time.Millisecond << c.failures
		if c.failures >= mostFailures || c.epoch == nil {
			c.broken = m.death(err, c.record.dataset).err
		}
	default:
		c.stats.Deaths++
		if c.epoch != nil {
			c.epoch.died(m.id, m.atWork.Load(), m.death(err, c.record.dataset))
			c.assign()
		}
	}
	again := !m.retired && c.broken == nil && (c.epoch != nil || c.opts.Persistent)
	c.mu.Unlock()
	c.signal()
	if !again {
		return
	}
	spawn.Log.Warn("a worker of a loader has died", "name", m.name, "pid", m.pid, "error", err)
	select {
	case <-time.After(pause):
	case <-c.ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() == nil && (c.epoch != nil || c.opts.Persistent) {
		c.hire()
	}
	c.signal()
}

// retire ends all workers, and waits until they are gone.
func (c *core) retire() {
	c.mu.Lock()
	var gone []*member
	for _, m := range c.members {
		if m != nil {
			m.retired = true
			m.stop(context.Canceled)
			gone = append(gone, m)
		}
	}
	c.mu.Unlock()
	for _, m := range gone {
		<-m.done
	}
}

// callOff has the workers drop what they have been ordered, if they stay. c.mu is held.
func (c *core) callOff() {
	if !c.opts.Persistent {
		return
	}
	for _, m := range c.members {
		if m == nil || !m.up || len(c.epoch.seats[m.id].out) == 0 && !c.source.many {
			continue
		}
		c.serial++
		m.calledOff = c.serial
		m.loans.withdraw()
		if err := m.orders.Put(context.Background(), order{Serial: c.serial, Cancel: true}); err != nil {
			c.broken = err
		}
		c.watch(m)
	}
}

// seats is how many workers share the batches.
func (c *core) seats() int { return max(c.opts.Workers, 1) }

// Len is how many batches an epoch has; −1 if that cannot be told beforehand, as with an IterableDataset.
func (c *core) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.opts.count(c.length)
}

// Stats tells what the loader has done so far.
func (c *core) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	if c.epoch != nil {
		s.Elapsed += time.Since(c.began)
	}
	return s
}

// Close ends the workers, and an epoch that runs. It waits for them, KillDelay at most. Nothing of the loader is left then. It
// returns what went wrong in workers that had done their work: the race detector speaks up when a process exits. A second
// Close does nothing.
func (c *core) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.end(spawn.ErrClosed)
	c.closeHere()
	c.tasks.Wait()
	if c.replies != nil {
		c.replies.Close()
		for r := range c.replies.All(context.Background()) {
			r.drop()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	err := errors.Join(c.exits...)
	c.exits = nil
	return err
}
