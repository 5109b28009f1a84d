package synchronize_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

// The words that the torture keeps in shared memory. Behind them each process has a word, by its number.
const (
	inside   = iota // the number of the process that holds the lock
	before          // how often a holder has begun
	behind          // how often a holder has finished
	told            // how often a death was told
	stop            // 1: the end
	killed          // the first of the words of processes; 1: the process was killed, or is about to be
	tortured = 20000
)

// rack is the argument of Torture.
type rack struct {
	Lock    *synchronize.Lock
	Changed *synchronize.Condition // of the lock
	At      *sharedmem.Array[int64]
	Me      int64
}

// Torture takes the lock again and again, with two goroutines, and checks that each has it alone.
var Torture = mp.Register("torture", func(_ context.Context, r rack) (int, error) {
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i := range errs {
		wg.Go(func() {
			for errs[i] == nil && atomic.LoadInt64(&r.At.Slice()[stop]) == 0 {
				errs[i] = r.once()
			}
		})
	}
	wg.Wait()
	return 0, errors.Join(errs...)
})

// once takes the lock once, or tries.
func (r *rack) once() error {
	ctx := context.Background()
	switch rand.IntN(4) {
	case 0: // often cut short, before or after it was granted
		short, cancel := context.WithTimeout(ctx, time.Duration(rand.IntN(200))*time.Microsecond)
		defer cancel()
		ctx = short
	case 1:
		if ok, err := r.Lock.TryAcquire(); ok {
			return r.hold()
		} else if err != nil && !errors.Is(err, synchronize.ErrOwnerDied) {
			return err
		}
	}
	switch err := r.Lock.Acquire(ctx); {
	case err == nil:
		return r.hold()
	case errors.Is(err, synchronize.ErrOwnerDied):
		atomic.AddInt64(&r.At.Slice()[told], 1)
	case ctx.Err() == nil:
		return err
	}
	return nil
}

// hold checks that this goroutine has the lock alone, and releases it. Before that, it may notify others, or wait for the
// condition.
func (r *rack) hold() error {
	err := r.alone()
	if err != nil {
		return err
	}
	switch rand.IntN(4) {
	case 0:
		err = r.Changed.Notify(rand.IntN(3))
	case 1:
		short, cancel := context.WithTimeout(context.Background(), time.Duration(rand.IntN(500))*time.Microsecond)
		defer cancel()
		err = r.Changed.Wait(short)
		switch {
		case errors.Is(err, synchronize.ErrOwnerDied):
			atomic.AddInt64(&r.At.Slice()[told], 1)
			return nil // without the lock
		case err == nil || short.Err() != nil && errors.Is(err, short.Err()):
			err = r.alone()
		}
	}
	if err != nil {
		return err
	}
	return r.Lock.Release()
}

// alone checks that no other process or goroutine has the lock.
func (r *rack) alone() error {
	at := r.At.Slice()
	if old := atomic.SwapInt64(&at[inside], r.Me); old != 0 && atomic.LoadInt64(&at[killed+old]) == 0 {
		return fmt.Errorf("%d has the lock, and %d, too", r.Me, old)
	}
	n := atomic.AddInt64(&at[before], 1)
	for range rand.IntN(100) {
		if rand.IntN(10) == 0 {
			runtime.Gosched()
		}
		if now := atomic.LoadInt64(&at[before]); now != n {
			return fmt.Errorf("%d holds the lock, and the number went from %d to %d", r.Me, n, now)
		}
	}
	atomic.AddInt64(&at[behind], 1)
	if !atomic.CompareAndSwapInt64(&at[inside], r.Me, 0) {
		return fmt.Errorf("%d holds the lock, and %d has come in", r.Me, atomic.LoadInt64(&at[inside]))
	}
	return nil
}

// tortureTime is how long a torture lasts: a second, or as long as MP_TORTURE_LOCK says, as in MP_TORTURE_LOCK=1m.
func tortureTime() time.Duration {
	if d, err := time.ParseDuration(os.Getenv("MP_TORTURE_LOCK")); err == nil {
		return d
	}
	return time.Second
}

// Processes that hold the lock or wait for it are killed at random. No two ever have it, every death that is told has
// happened, and no process waits for ever.
func TestTortureLock(t *testing.T) {
	for _, transport := range []string{"shm", "socket"} {
		t.Run(transport, func(t *testing.T) {
			t.Setenv("MP_TRANSPORT", transport)
			torture(t)
		})
	}
}

func torture(t *testing.T) {
	leak.Check(t)
	l, array := made(synchronize.NewLock())(t), made(sharedmem.NewArray[int64](killed+tortured))(t)
	changed := made(synchronize.NewCondition(l))(t)
	at := array.Slice()
	ctx := context.Background()
	last := int64(0)
	begin := func() (*mp.Process[int], int64) {
		last++
		p, err := mp.Start(ctx, Torture, rack{l, changed, array, last}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return p, last
	}
	type victim struct {
		*mp.Process[int]
		number int64
	}
	var all []victim
	for range 3 {
		p, n := begin()
		all = append(all, victim{p, n})
	}
	own := make(chan error) // this process, the owner, takes part
	last++
	go func(r rack) {
		for atomic.LoadInt64(&at[stop]) == 0 {
			if err := r.once(); err != nil {
				own <- err
				return
			}
		}
		own <- nil
	}(rack{l, changed, array, last})

	kills := int64(0)
	for end := time.Now().Add(tortureTime()); time.Now().Before(end) && last < tortured-10; {
		time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond)
		i := rand.IntN(len(all))
		v := all[i]
		if !v.Alive() {
			break // it has failed, and its Result says why
		}
		atomic.StoreInt64(&at[killed+v.number], 1)
		v.Kill()
		kills++
		p, n := begin()
		all[i] = victim{p, n}
		if err := errors.Join(v.Join(ctx), v.Close()); err != nil {
			t.Error(err)
		}
	}
	atomic.StoreInt64(&at[stop], 1)
	limit, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for _, v := range all {
		if _, err := v.Result(limit); err != nil {
			t.Error(strconv.FormatInt(v.number, 10), err)
		}
		v.Close()
	}
	select {
	case err := <-own:
		if err != nil {
			t.Error(err)
		}
	case <-limit.Done():
		t.Error("we wait for ever")
	}
	err := l.Acquire(limit)
	if errors.Is(err, synchronize.ErrOwnerDied) {
		err = l.Acquire(limit)
	}
	if err != nil {
		t.Errorf("at the end: %v", err)
	} else if err := l.Release(); err != nil {
		t.Error(err)
	}
	if at[told] > kills || at[behind] > at[before] || at[before]-at[behind] > kills {
		t.Errorf("%d kills, of which %d were told; %d begun, %d finished", kills, at[told], at[before], at[behind])
	}
	t.Logf("%d kills, %d told, the lock was held %d times", kills, at[told], at[before])
}
