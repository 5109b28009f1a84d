// Locks has two processes move money between accounts in shared memory.
package main

import (
	"context"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

// Bank is what the processes share: handles are fields, by pointer.
type Bank struct {
	Lock     *synchronize.Lock
	Accounts *sharedmem.Array[int64] // with the lock held
}

var Move = mp.Register("move", func(ctx context.Context, b Bank) (int, error) {
	defer b.Accounts.Close() // this process is done with them, others are not concerned
	accounts := b.Accounts.Slice()
	for n := range 1000 {
		if err := b.Lock.Acquire(ctx); err != nil {
			return n, err // we do not have it then
		}
		accounts[n%2]--
		accounts[1-n%2]++
		if err := b.Lock.Release(); err != nil {
			return n, err
		}
	}
	return 1000, nil
})

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	lock, err := synchronize.NewLock()
	if err != nil {
		return err
	}
	defer lock.Close()
	accounts, err := sharedmem.NewArray[int64](2)
	if err != nil {
		return err
	}
	defer accounts.Close()
	accounts.Slice()[0] = 500

	workers, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2})
	if err != nil {
		return err
	}
	defer workers.Close()
	b := Bank{lock, accounts}
	fmt.Println(mp.Map(ctx, workers, Move, []Bank{b, b}))
	fmt.Println(accounts.Slice(), lock)
	return nil
}
