// Tasks is what one does with locks and the like.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	tasks := map[string]func(context.Context) error{"dead": dead, "places": places, "event": event, "condition": condition, "barrier": barrier}
	return tasks[os.Args[1]](ctx)
}

var Forget = mp.Register("forget", func(ctx context.Context, l *synchronize.Lock) (int, error) {
	return 0, l.Acquire(ctx) // and never Release
})

func dead(ctx context.Context) error {
	lock, err := synchronize.NewLock()
	if err != nil {
		return err
	}
	defer lock.Close()
	p, err := mp.Start(ctx, Forget, lock, nil)
	if err != nil {
		return err
	}
	if err := p.Join(ctx); err != nil {
		return err
	}
	// region dead
	err = lock.Acquire(ctx) // once, and without the lock
	fmt.Println(err)
	if errors.Is(err, synchronize.ErrOwnerDied) {
		fmt.Println(lock.Acquire(ctx)) // now look at what it protects: it may be half done
	}
	fmt.Println(lock.Release(), lock)
	fmt.Println(lock.Release())
	// endregion
	return nil
}

func places(ctx context.Context) error {
	// region places
	licences, err := synchronize.NewBoundedSemaphore(2)
	if err != nil {
		return err
	}
	defer licences.Close()
	if err := errors.Join(licences.Acquire(ctx), licences.Acquire(ctx)); err != nil {
		return err
	}
	fmt.Println(licences.TryAcquire())
	fmt.Println(licences.Release(), licences.Release())
	fmt.Println(licences.Release()) // one too many
	// endregion
	return nil
}

// region runner
// Gate is what runners wait for.
type Gate struct {
	Ready *synchronize.Semaphore
	Open  *synchronize.Event
}

var Run = mp.Register("run", func(ctx context.Context, g Gate) (string, error) {
	if err := g.Ready.Release(); err != nil { // adds one
		return "", err
	}
	return "off", g.Open.Wait(ctx)
})

// endregion

func event(ctx context.Context) error {
	ready, err := synchronize.NewSemaphore(0)
	if err != nil {
		return err
	}
	defer ready.Close()
	open, err := synchronize.NewEvent()
	if err != nil {
		return err
	}
	defer open.Close()
	p, err := mp.Start(ctx, Run, Gate{ready, open}, nil)
	if err != nil {
		return err
	}
	// region event
	if err := ready.Acquire(ctx); err != nil {
		return err
	}
	fmt.Println("ready, steady", p.Alive())
	if err := open.Set(); err != nil { // for all that wait, and that come later
		return err
	}
	fmt.Println(p.Result(ctx))
	// endregion
	return nil
}

// region baker
// Shelf is a number of loaves, and the condition that it changes.
type Shelf struct {
	Changed *synchronize.Condition
	Loaves  *sharedmem.Value[int]
}

var Bake = mp.Register("bake", func(ctx context.Context, s Shelf) (int, error) {
	defer s.Loaves.Close()
	if err := s.Changed.Acquire(ctx); err != nil {
		return 0, err
	}
	s.Loaves.Add(3)
	return 0, errors.Join(s.Changed.NotifyAll(), s.Changed.Release())
})

// endregion

func condition(ctx context.Context) error {
	changed, err := synchronize.NewCondition(nil) // with a lock of its own
	if err != nil {
		return err
	}
	defer changed.Close()
	loaves, err := sharedmem.NewValue(0)
	if err != nil {
		return err
	}
	defer loaves.Close()
	p, err := mp.Start(ctx, Bake, Shelf{changed, loaves}, nil)
	if err != nil {
		return err
	}
	// region condition
	if err := changed.Acquire(ctx); err != nil {
		return err
	}
	if err := changed.WaitFor(ctx, func() bool { return loaves.Load() >= 2 }); err != nil {
		return err
	}
	fmt.Println(loaves.Add(-2), changed.Release())
	// endregion
	return p.Join(ctx)
}

var Meet = mp.Register("meet", func(ctx context.Context, b *synchronize.Barrier) (int, error) { return b.Wait(ctx) })

func barrier(ctx context.Context) error {
	b, err := synchronize.NewBarrier(3)
	if err != nil {
		return err
	}
	defer b.Close()
	workers, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 3})
	if err != nil {
		return err
	}
	defer workers.Close()
	// region barrier
	numbers, err := mp.Map(ctx, workers, Meet, []*synchronize.Barrier{b, b, b})
	if err != nil {
		return err
	}
	slices.Sort(numbers)
	fmt.Println(numbers) // the one with 0 does what is to be done once
	// endregion
	return nil
}
