package pool

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// goroutines is the backend of workers inside this process. Their seats are *goroutine.
type goroutines struct {
	opts  *Options
	count atomic.Int32
}

func (b *goroutines) start(ctx context.Context, arg wire.Buffer) (seat, error) {
	files, err := link.Dup(arg.Files) // each initializer has its own, as in a worker process
	if err != nil {
		return nil, err
	}
	ours, theirs := link.NewInProcess()
	w := &goroutine{
		name:  fmt.Sprintf("%s-%d", b.opts.Name, b.count.Add(1)),
		link:  ours,
		delay: max(b.opts.KillDelay, 0),
		ended: make(chan struct{}),
	}
	go func() {
		defer close(w.ended)
		defer theirs.Drop()
		newServer(theirs, false).serve(func(ctx context.Context) *spawn.Failure { return runInit(ctx, arg.Data, files) })
	}()
	stop := context.AfterFunc(ctx, func() { w.Stop(spawn.CtxError(ctx)) })
	go func() {
		<-w.ended
		stop()
	}()
	return w, nil
}

// goroutine is the seat of a worker inside this process. A goroutine can be asked to end, but not made to: KillFor closes
// its link and leaves it behind.
type goroutine struct {
	name  string
	link  *link.InProcess
	delay time.Duration
	ended chan struct{}

	once   sync.Once
	reason atomic.Pointer[error]
}

func (w *goroutine) Name() string    { return w.name }
func (w *goroutine) Pid() int        { return os.Getpid() }
func (w *goroutine) Link() link.Link { return w.link }

// Memory is unknown: all workers share the memory of this process.
func (w *goroutine) Memory() int64 { return 0 }

// Relay has nothing to do: this process has logged the record already.
func (w *goroutine) Relay(m link.Msg, _ string) { m.Release() }

func (w *goroutine) Stop(reason error) {
	w.once.Do(func() {
		go w.link.Urge(link.Msg{Kind: spawn.KindStop, Body: []byte(spawn.CauseOf(reason))})
		kill := time.AfterFunc(w.delay, func() { w.KillFor(reason) })
		go func() {
			<-w.ended
			kill.Stop()
		}()
	})
}

func (w *goroutine) KillFor(reason error) error {
	w.reason.CompareAndSwap(nil, &reason)
	return w.link.Close()
}

// AwaitEnd closes the link: the goroutine ends with its item. AwaitEnd does not wait for that. Nothing more is received.
func (w *goroutine) AwaitEnd(error) { w.link.Drop() }

func (w *goroutine) Bury(error) { w.link.Drop() }

func (w *goroutine) ExitError(function string, index int) *spawn.ExitError {
	e := &spawn.ExitError{Pid: w.Pid(), Name: w.name, Func: function, Index: index, Cause: spawn.CauseExit}
	if reason := w.reason.Load(); reason != nil {
		e.Err, e.Cause = *reason, spawn.CauseOf(*reason)
	}
	return e
}
