package dataloader_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

// Together opens its dataset, and Meet returns, only when all workers have got there.
var (
	Together = dataloader.Register("together", func(ctx context.Context, all *synchronize.Barrier) (dataloader.Dataset[int], error) {
		_, err := all.Wait(ctx)
		return &numbers{config{N: 9}}, err
	})
	Meet = mp.RegisterInit("meet", func(ctx context.Context, all *synchronize.Barrier) error {
		_, err := all.Wait(ctx)
		return err
	})
)

// The workers start at the same time, not one after the other. A Barrier of this process can be a configuration and the argument
// of WorkerInit.
func TestStartTogether(t *testing.T) {
	leak.Check(t)
	all, err := synchronize.NewBarrier(3)
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	l := open[batch](t)(dataloader.New(background, Together.With(all), Collate, &dataloader.Options{
		Workers: 3, WorkerInit: Meet.With(all), InitTimeout: 30 * time.Second,
	}))
	for range 2 { // each epoch has new workers
		want(t, l, chunks(9, 1))
	}
}

// Reopened is a dataset that every worker ID can open the first time. Open says which later openings fail.
var Reopened = dataloader.Register("reopened", func(ctx context.Context, c config) (dataloader.Dataset[int], error) {
	info, _ := dataloader.Worker(ctx)
	f, err := os.OpenFile(filepath.Join(c.Dir, fmt.Sprint("opened-", info.ID)), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if _, err := f.WriteString("."); err != nil {
		return nil, err
	}
	if c.Open == "not twice" && before.Size() == 1 || c.Open == "1 only once" && info.ID == 1 && before.Size() > 0 {
		return nil, errUnlucky
	}
	return &numbers{c}, nil
})

// The loader does not give up when each worker fails to come up once.
func TestEachFailsOnceToComeUp(t *testing.T) {
	leak.Check(t)
	c := config{N: 40, Dir: prog.TempDir(t), Open: "not twice"}
	l := open[batch](t)(dataloader.New(background, Reopened.With(c), Collate, &dataloader.Options{BatchSize: 4, Workers: 6}))
	want(t, l, chunks(40, 4))
	want(t, l, chunks(40, 4))
}

// The loader gives up when one worker never comes up again, although the other one works.
func TestOneDoesNotComeUpAgain(t *testing.T) {
	leak.Check(t)
	c := config{N: 1000, Dir: prog.TempDir(t), Open: "1 only once", Does: map[int]string{3: "once exit"}, Each: 10 * time.Millisecond}
	l := open[batch](t)(dataloader.New(background, Reopened.With(c), Collate, &dataloader.Options{Workers: 2, Order: dataloader.Unordered()}))
	for range 2 { // the first epoch may go well: worker 0 may be the one that dies there
		if _, err := epoch(l); err != nil {
			if !errors.Is(err, errUnlucky) {
				t.Error(err)
			}
			if s := l.Stats(); s.Starts > 2+1+1+5 {
				t.Errorf("%d workers were started", s.Starts)
			}
			return
		}
	}
	t.Error("it was started again and again")
}

// Fleeting is a dataset whose worker 0 is killed soon after it has come up. The other workers can open it only after that.
var Fleeting = dataloader.Register("fleeting", func(ctx context.Context, c config) (dataloader.Dataset[int], error) {
	if info, _ := dataloader.Worker(ctx); info.ID == 0 {
		time.AfterFunc(100*time.Millisecond, func() { prog.Kill(os.Getpid()) })
		return &numbers{c}, nil
	}
	for ; ctx.Err() == nil; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(filepath.Join(c.Dir, "gone")); err == nil {
			return &numbers{c}, nil
		}
	}
	return nil, ctx.Err()
})

// New returns an error when a worker that has come up dies while the others come up.
func TestDiesWhileOthersComeUp(t *testing.T) {
	leak.Check(t)
	for _, persistent := range []bool{false, true} {
		c := config{N: 4, Dir: prog.TempDir(t)}
		ctx, cancel := context.WithTimeout(background, 30*time.Second)
		defer cancel()
		failed := make(chan error)
		go func() {
			l, err := dataloader.New(ctx, Fleeting.With(c), Collate, &dataloader.Options{Workers: 2, Persistent: persistent})
			if err == nil {
				l.Close()
			}
			failed <- err
		}()
		for most, over := 0, false; !over; { // when one of the two workers is gone, let the other one open the dataset
			select {
			case err := <-failed:
				over = true
				var exit *mp.ExitError
				if !errors.As(err, &exit) {
					t.Errorf("persistent %v: %v", persistent, err)
				}
			case <-time.After(time.Millisecond):
				n := len(mp.ActiveChildren())
				if most = max(most, n); n < most {
					if err := os.WriteFile(filepath.Join(c.Dir, "gone"), nil, 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
}
