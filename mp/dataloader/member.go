package dataloader

import (
	"context"
	"fmt"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/process"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// member is a worker, as this process sees it. The loader's mutex guards what changes.
type member struct {
	id, number int   // its place, and which process of the loader it is, from 1
	from       State // where the epoch began that it is started for, or is to begin
	ctx        context.Context
	stop       context.CancelCauseFunc // ends it
	loans      *loans                  // its slabs
	orders     *queue.Queue[order]     // its index queue
	atWork     *sharedmem.Value[uint64]
	process    *process.Process[exitReport] // nil until it was started
	name       string                       // of the process
	pid        int
	done       chan struct{} // closed when all of it is over

	up         bool // it has said that it is ready
	retired    bool // nobody wants it any more
	distrusted bool // it was killed for what it has sent
	due        deadline
	doubted    bool    // the deadline was over once, and it was at nothing
	overdue    *uint64 // what it was at when it was killed because it took too long
	timer      *time.Timer
}

// newMember prepares a worker.
func (c *core) newMember(id int) (*member, error) {
	c.made++
	m := &member{id: id, number: c.made, loans: newLoans(c.opts.Prefetch), done: make(chan struct{})}
	if m.from = c.at; c.epoch == nil {
		m.from = c.coming()
	}
	var err error
	if m.orders, err = queue.New[order](0); err != nil {
		return nil, err
	}
	if m.atWork, err = sharedmem.NewValue[uint64](0); err != nil {
		m.orders.Close()
		return nil, err
	}
	m.ctx, m.stop = context.WithCancelCause(c.ctx)
	return m, nil
}

// start starts the process.
func (c *core) start(m *member) error {
	o := &c.opts
	var collate *uint32
	if c.collate != nil {
		id := c.collate()
		collate = &id
	}
	p, err := process.Start(m.ctx, work, workerArg{
		Number: m.number, ID: m.id, Count: o.Workers, Open: c.open, Init: c.init, Collate: collate,
		Orders: m.orders, Replies: c.replies, AtWork: m.atWork,
		Slabs: o.Prefetch, Seed: m.from.Seed, Epoch: m.from.Epoch, InitTimeout: o.InitTimeout, Timeout: o.Timeout, rules: o.rules(),
	}, &process.Options{
		Name: fmt.Sprintf("%s-%d", o.Name, m.id), Daemon: true, Dir: o.Dir, Env: o.Env,
		Stdout: o.Stdout, Stderr: o.Stderr, KillDelay: o.KillDelay, Limits: o.Limits,
	})
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	m.process, m.name, m.pid = p, p.Name(), p.Pid()
	if !m.up {
		m.due = o.bounds().up(time.Now())
	}
	c.expect(m, m.due)
	return nil
}

// attend sees a worker through its life.
func (c *core) attend(m *member) {
	defer c.tasks.Done()
	err := c.start(m)
	if err == nil {
		<-m.process.Done()
		err = c.outcome(m)
	}
	m.stop(nil)
	c.ended(m, err)
	m.orders.Close()
	for range m.orders.All(context.Background()) { // one that is not empty stays
		continue
	}
	m.atWork.Close()
	close(m.done)
}

// outcome is why the worker has ended; nil: it was to.
func (c *core) outcome(m *member) error {
	report, err := m.process.Result(context.Background())
	if err == nil && report.Failure != nil {
		function := c.record.dataset
		if report.Init {
			function = c.opts.WorkerInit.Name()
		}
		return report.Failure.Remote(function, -1, m.name, m.pid)
	}
	return err
}

// fault is what a worker has told of a trouble.
func (m *member) fault(t *trouble, r *record) fault {
	function := r.dataset
	if t.Collate {
		function = r.collate
	}
	f := fault{position: t.Position, attempts: t.Attempts, late: t.Late, worker: m.name, pid: m.pid}
	f.err = t.Failure.Remote(function, -1, f.worker, f.pid)
	return f
}

// death is the fault of a worker that has ended with err.
func (m *member) death(err error, dataset string) fault {
	f := fault{position: whole, late: m.overdue != nil, died: true, err: err, worker: m.name, pid: m.pid}
	exit, died := err.(*spawn.ExitError)
	switch {
	case err == nil:
		f.err = fmt.Errorf("mp: %s (pid %d) has ended, and was not to", f.worker, f.pid)
	case died:
		told := *exit
		told.Func = dataset // that is what it runs for the program
		f.err = &told
		if m.overdue != nil {
			f.err = &tooLate{fmt.Sprintf("mp: %s (pid %d) was killed because it did not stop %s", f.worker, f.pid, m.due.why), &told}
		}
	}
	return f
}
