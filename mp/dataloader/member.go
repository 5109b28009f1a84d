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

// member is a worker, as this process sees it. The loader's mutex guards the fields that change.
type member struct {
	id, number int   // its seat, and the number of its process, from 1
	from       State // where the epoch that it is started for began, or is to begin
	ctx        context.Context
	stop       context.CancelCauseFunc // ends ctx, and with it the process
	loans      *loans                  // its slabs
	orders     *queue.Queue[order]     // its index queue
	atWork     *sharedmem.Value[uint64]
	process    *process.Process[exitReport] // nil until it was started
	name       string                       // of the process
	pid        int
	done       chan struct{} // closed when the process has ended and its resources are released

	up         bool // it has said that it is ready
	retired    bool // it was stopped because its epoch is over
	distrusted bool // it was killed for what it has sent
	unclosed   bool // its dataset's Close has failed
	due        deadline
	doubted    bool    // the deadline has passed once while it was at nothing: see expire
	overdue    *uint64 // what it was at when it was killed because it took too long
	timer      *time.Timer
}

// newMember makes a worker that is still to be started.
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

// attend starts a worker, waits for its end, and releases what it had.
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
	for range m.orders.All(context.Background()) { // a closed queue keeps its resources until it is empty
		continue
	}
	m.atWork.Close()
	close(m.done)
}

// outcome returns why the worker has ended; nil: its loop has returned, as it does when it is told to.
func (c *core) outcome(m *member) error {
	report, err := m.process.Result(context.Background())
	if err == nil && report.Failure != nil {
		m.unclosed = report.Close
		function := c.record.dataset
		if report.Init {
			function = c.opts.WorkerInit.Name()
		}
		return report.Failure.Remote(function, -1, m.name, m.pid)
	}
	return err
}

// fault turns a trouble that the worker has reported into a fault.
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
		told.Func = dataset // the program does not know the worker loop
		f.err = &told
		if m.overdue != nil {
			f.err = &tooLate{fmt.Sprintf("mp: %s (pid %d) was killed because it did not stop %s", f.worker, f.pid, m.due.why), &told}
		}
	}
	return f
}
