package synchronize_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

type account struct {
	Lock    *synchronize.Lock
	Balance *sharedmem.Array[int64]
}

var Deposit = mp.Register("deposit", func(ctx context.Context, a account) (int, error) {
	defer a.Balance.Close()
	for range 1000 {
		if err := a.Lock.Acquire(ctx); err != nil {
			return 0, err
		}
		a.Balance.Slice()[0]++
		if err := a.Lock.Release(); err != nil {
			return 0, err
		}
	}
	return 0, nil
})

func ExampleNewLock() {
	ctx := context.Background()
	lock, err := synchronize.NewLock()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer lock.Close()
	balance, err := sharedmem.NewArray[int64](1)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer balance.Close()
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	a := account{lock, balance}
	_, err = mp.Map(ctx, pool, Deposit, []account{a, a, a})
	fmt.Println(balance.Slice()[0], lock, err)
	// Output: 3000 <Lock free> <nil>
}

var Forget = mp.Register("forget", func(ctx context.Context, l *synchronize.Lock) (int, error) { return 0, l.Acquire(ctx) })

// When a process has ended with the lock in its hands, one Acquire reports that.
func ExampleLock_Acquire() {
	ctx := context.Background()
	lock, err := synchronize.NewLock()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer lock.Close()
	p, err := mp.Start(ctx, Forget, lock, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := p.Join(ctx); err != nil {
		fmt.Println(err)
	}
	if err := lock.Acquire(ctx); errors.Is(err, synchronize.ErrOwnerDied) {
		fmt.Println("what it protects is put right; then")
		err = lock.Acquire(ctx)
		fmt.Println(err)
	}
	// Output:
	// what it protects is put right; then
	// <nil>
}

var Ping = mp.Register("ping", func(ctx context.Context, s [2]*synchronize.Semaphore) (int, error) {
	if err := s[0].Acquire(ctx); err != nil {
		return 0, err
	}
	return 0, s[1].Release()
})

// One process waits for another one's signal, and answers it.
func ExampleNewSemaphore() {
	ctx := context.Background()
	there, err := synchronize.NewSemaphore(0)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer there.Close()
	back, err := synchronize.NewSemaphore(0)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer back.Close()
	p, err := mp.Start(ctx, Ping, [2]*synchronize.Semaphore{there, back}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(there.Release(), back.Acquire(ctx))
	if _, err := p.Result(ctx); err != nil {
		fmt.Println(err)
	}
	// Output: <nil> <nil>
}

var Download = mp.Register("download", func(ctx context.Context, connections *synchronize.BoundedSemaphore) (int, error) {
	if err := connections.Acquire(ctx); err != nil {
		return 0, err
	}
	time.Sleep(time.Millisecond) // two at a time
	return 1, connections.Release()
})

func ExampleNewBoundedSemaphore() {
	ctx := context.Background()
	connections, err := synchronize.NewBoundedSemaphore(2)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer connections.Close()
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	_, err = mp.Map(ctx, pool, Download, []*synchronize.BoundedSemaphore{connections, connections, connections}, mp.ChunkSize(1))
	fmt.Println(connections, err)
	// Output: <BoundedSemaphore value=2> <nil>
}

var Await = mp.Register("await", func(ctx context.Context, ready *synchronize.Event) (string, error) { return "go", ready.Wait(ctx) })

func ExampleNewEvent() {
	ctx := context.Background()
	ready, err := synchronize.NewEvent()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ready.Close()
	p, err := mp.Start(ctx, Await, ready, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ready)
	if err := ready.Set(); err != nil {
		fmt.Println(err)
	}
	fmt.Println(p.Result(ctx))
	// Output:
	// <Event unset>
	// go <nil>
}

type stock struct {
	Changed *synchronize.Condition
	Items   *sharedmem.Value[int]
}

var Produce = mp.Register("produce", func(ctx context.Context, s stock) (int, error) {
	defer s.Items.Close()
	for range 3 {
		if err := s.Changed.Acquire(ctx); err != nil {
			return 0, err
		}
		s.Items.Add(1)
		if err := errors.Join(s.Changed.Notify(1), s.Changed.Release()); err != nil {
			return 0, err
		}
	}
	return 0, nil
})

func ExampleNewCondition() {
	ctx := context.Background()
	changed, err := synchronize.NewCondition(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer changed.Close()
	items, err := sharedmem.NewValue(0)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer items.Close()
	p, err := mp.Start(ctx, Produce, stock{changed, items}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := changed.Acquire(ctx); err != nil {
		fmt.Println(err)
		return
	}
	err = changed.WaitFor(ctx, func() bool { return items.Load() == 3 })
	fmt.Println(items.Load(), err)
	if err := changed.Release(); err != nil {
		fmt.Println(err)
	}
	if _, err := p.Result(ctx); err != nil {
		fmt.Println(err)
	}
	// Output: 3 <nil>
}

var Meet = mp.Register("meet", func(ctx context.Context, b *synchronize.Barrier) (int, error) { return b.Wait(ctx) })

func ExampleNewBarrier() {
	ctx := context.Background()
	barrier, err := synchronize.NewBarrier(3)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer barrier.Close()
	p, err := mp.Start(ctx, Meet, barrier, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	q, err := mp.Start(ctx, Meet, barrier, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	sum, err := barrier.Wait(ctx)
	for _, party := range []*mp.Process[int]{p, q} {
		n, failed := party.Result(ctx)
		sum, err = sum+n, errors.Join(err, failed)
	}
	fmt.Println("numbers 0, 1 and 2 make", sum, err)
	// Output: numbers 0, 1 and 2 make 3 <nil>
}
