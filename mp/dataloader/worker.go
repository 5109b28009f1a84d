package dataloader

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// work is the worker loop: what a worker process runs.
var work = spawn.Register("mp.dataloader.worker", func(ctx context.Context, a workerArg) (exitReport, error) {
	return (&worker{workerArg: a, wake: make(chan struct{}, 1), over: make(chan struct{})}).serve(ctx), nil
})

// worker is the loader's side in a worker process. One goroutine receives orders, another one makes the batches.
type worker struct {
	workerArg
	ctx  context.Context
	stop context.CancelFunc // ends ctx
	set  opened
	info WorkerInfo
	wake chan struct{} // there is something in todo
	over chan struct{} // closed when no more orders are worked on

	mu     sync.Mutex
	todo   []order
	cancel context.CancelCauseFunc // of the order at work

	unsent *spawn.Failure // why a reply could not be sent: the loop has given up

	// For the loop only.
	out     wire.Buffer
	slabs   *slabs
	ballast spawn.Ballast
}

func (w *worker) serve(ctx context.Context) (report exitReport) {
	defer func() {
		if failure := w.closeDataset(); failure != nil && report.Failure == nil {
			report = exitReport{Failure: failure, Close: true}
		}
	}()
	w.ctx, w.stop = context.WithCancel(ctx)
	defer w.stop()
	if report := w.open(); report.Failure != nil {
		return report
	}
	if w.Replies.Put(w.ctx, reply{Worker: w.Number, Name: spawn.Name(), Pid: os.Getpid(), Len: w.set.len()}) != nil {
		return exitReport{}
	}
	w.slabs = newSlabs(w.Slabs)
	go w.loop()
	w.listen()
	w.stop()
	<-w.over
	return exitReport{Failure: w.unsent}
}

// open opens the dataset, and runs WorkerInit.
func (w *worker) open() exitReport {
	ctx, cancel := context.WithTimeoutCause(w.ctx, w.InitTimeout, spawn.ErrTimeout)
	defer cancel()
	w.info = WorkerInfo{ID: w.ID, Count: w.Count, Seed: workerSeed(w.Seed, w.Epoch, w.ID)}
	scoped := func() context.Context {
		return &scope{Context: ctx, info: w.info, seed: w.Seed, epoch: w.Epoch, index: joint(w.ID)}
	}
	if failure := inTime(ctx, runPreset(context.WithValue(scoped(), openingKey{}, &w.set), w.Open)); failure != nil {
		return exitReport{Failure: failure}
	}
	w.info.Dataset = w.set.dataset()
	if w.Init == nil {
		return exitReport{}
	}
	return exitReport{Failure: inTime(ctx, runPreset(scoped(), *w.Init)), Init: true}
}

// inTime marks failure as a timeout if InitTimeout was over. ctx is that of the initializer.
func inTime(ctx context.Context, failure *spawn.Failure) *spawn.Failure {
	if failure != nil && context.Cause(ctx) == spawn.ErrTimeout {
		failure.TimedOut()
	}
	return failure
}

func runPreset(ctx context.Context, p preset) *spawn.Failure {
	return spawn.RunInit(ctx, p.Func, p.Arg, p.Files)
}

func (w *worker) closeDataset() *spawn.Failure {
	if w.set == nil {
		return nil
	}
	return closeDataset(w.set)
}

func closeDataset(set opened) *spawn.Failure {
	set.rest()
	c, ok := set.dataset().(io.Closer)
	if !ok {
		return nil
	}
	return spawn.Try(func() error {
		if err := c.Close(); err != nil {
			return fmt.Errorf("its Close: %w", err)
		}
		return nil
	})
}

// listen receives orders until the index queue is closed or the worker is to stop.
func (w *worker) listen() {
	for o, err := range w.Orders.All(w.ctx) {
		if err != nil {
			return
		}
		w.mu.Lock()
		if o.Cancel {
			w.todo = w.todo[:0]
			if w.cancel != nil {
				w.cancel(context.Canceled)
			}
		}
		w.todo = append(w.todo, o)
		w.mu.Unlock()
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}

// loop makes batches. If the dataset calls runtime.Goexit, the goroutine of loop ends, and another one goes on with loop.
func (w *worker) loop() {
	var at order
	over := false
	defer func() {
		if !over {
			w.put(&reply{Serial: at.Serial, News: w.slabs.end(), Trouble: &trouble{Position: whole, Attempts: 1, Failure: *goexit}})
			go w.loop()
		}
	}()
	for {
		o, ctx, ok := w.next()
		if !ok {
			break
		}
		at = o
		w.put(w.get(ctx, &o))
		w.ballast.Take(spawn.WorkerBallast) // not earlier: the first batch would wait for it
	}
	over = true
	close(w.over)
}

var goexit = &spawn.Failure{Failure: wire.Describe(errors.New("it ended its goroutine with runtime.Goexit"))}

// next waits for an order, and returns false when the worker is to stop.
func (w *worker) next() (order, context.Context, bool) {
	for {
		w.mu.Lock()
		if len(w.todo) > 0 && w.ctx.Err() == nil {
			o := w.todo[0]
			w.todo = w.todo[1:]
			var ctx context.Context
			ctx, w.cancel = context.WithCancelCause(w.ctx)
			w.mu.Unlock()
			return o, ctx, true
		}
		w.mu.Unlock()
		select {
		case <-w.wake:
		case <-w.ctx.Done():
			return order{}, nil, false
		}
	}
}

// get gets the batch of an order.
func (w *worker) get(ctx context.Context, o *order) *reply {
	defer w.cancel(nil)
	if o.Cancel {
		w.set.rest()
		return &reply{Serial: o.Serial}
	}
	began := time.Now()
	a := w.slabs.begin(o.Slab)
	f := &fetch{
		order: o, rules: w.rules, info: &w.info, timeout: w.Timeout, arena: a,
		note: func(position int) { w.AtWork.Store(atWork(o.Serial, position)) },
	}
	w.out.Place = a.place
	f.run(withArena(ctx, a), w.set, func(ctx context.Context, batch any) error {
		w.out.CloseFiles()
		w.out.Reset()
		if err := w.encode(ctx, batch); err != nil || !o.Probe {
			return err
		}
		w.out.CloseFiles()
		w.out.Reset()
		return nil
	})
	w.AtWork.Store(0)
	return &reply{
		Serial: o.Serial, Body: w.out.Data, Files: w.out.Files, Samples: f.samples, Skipped: f.skipped, Trouble: f.trouble,
		News: w.slabs.end(), Busy: time.Since(began), Yielded: f.yielded, End: f.end,
	}
}

// encode writes the batch to w.out.
func (w *worker) encode(ctx context.Context, batch any) error {
	var err error
	if w.Collate != nil {
		err = spawn.Apply(ctx, *w.Collate, batch, &w.out)
	} else {
		err = w.set.encode(batch, &w.out)
	}
	if err == nil && w.out.Boarded() {
		return errors.New("the batch holds an object that one process has at a time, such as an end of a Pipe")
	}
	return err
}

// put sends a reply. If it cannot be sent, the batch fails with that error. If the worker cannot even send that, it ends, and its
// exitReport has the error.
func (w *worker) put(r *reply) {
	r.Worker = w.Number
	err := w.Replies.Put(w.ctx, *r)
	if err != nil && w.ctx.Err() == nil && r.Trouble == nil {
		failure := wire.Describe(fmt.Errorf("the batch cannot be sent: %w", err))
		err = w.Replies.Put(w.ctx, reply{
			Worker: w.Number, Serial: r.Serial, News: r.News,
			Trouble: &trouble{Position: whole, Attempts: 1, Failure: spawn.Failure{Failure: failure}},
		})
	}
	w.out.CloseFiles() // the parent has its own
	w.out.Reset()
	if err != nil && w.ctx.Err() == nil { // otherwise the loader is ending this worker
		w.unsent = &spawn.Failure{Failure: wire.Describe(fmt.Errorf("it cannot send what it has made: %w", err))}
		w.stop()
	}
}
