package synchronize_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

// tokens is the argument of Take, which takes permits and gives them back until Stop is not 0.
type tokens struct {
	Semaphore *synchronize.Semaphore
	Stop      *sharedmem.Value[int64]
	Taken     *sharedmem.Value[int64] // how often
}

// Take runs in the processes that are killed, with two goroutines.
var Take = mp.Register("take", func(_ context.Context, k tokens) (int, error) {
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i := range errs {
		wg.Go(func() { errs[i] = k.take() })
	}
	wg.Wait()
	return 0, errors.Join(errs...)
})

func (k *tokens) take() error {
	for k.Stop.Load() == 0 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(1+rand.IntN(200))*time.Microsecond)
		err := k.Semaphore.Acquire(ctx)
		ended := ctx.Err()
		cancel()
		switch {
		case err == nil:
			k.Taken.Add(1)
			err = k.Semaphore.Release()
		case ended != nil && errors.Is(err, ended):
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Processes that take permits from a semaphore and give them back are killed at random. The permits that a killed process had
// are lost. No others are lost, and none is doubled.
func TestTortureSemaphore(t *testing.T) {
	for _, transport := range []string{"shm", "socket"} {
		t.Run(transport, func(t *testing.T) {
			t.Setenv("MP_TRANSPORT", transport)
			tortureSemaphore(t)
		})
	}
}

func tortureSemaphore(t *testing.T) {
	leak.Check(t)
	issued := 1
	s := made(synchronize.NewSemaphore(issued))(t)
	k := tokens{s, made(sharedmem.NewValue(int64(0)))(t), made(sharedmem.NewValue(int64(0)))(t)}
	begin := func() *mp.Process[int] {
		p, err := mp.Start(t.Context(), Take, k, nil)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	own := make(chan error)
	go func() { own <- k.take() }()
	all, kills := []*mp.Process[int]{begin(), begin()}, 0
	for end := time.Now().Add(tortureTime()); time.Now().Before(end); {
		time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond)
		i := rand.IntN(len(all))
		if !all[i].Alive() {
			break // it has failed, and its Result says why
		}
		all[i].Kill()
		kills++
		if err := errors.Join(all[i].Join(t.Context()), all[i].Close()); err != nil {
			t.Error(err)
		}
		all[i] = begin()
		switch n, err := s.Value(); {
		case err != nil:
			t.Error(err)
		case n == 0: // the dead may have had them all
			issued++
			if err := s.Release(); err != nil {
				t.Error(err)
			}
		}
	}
	k.Stop.Store(1)
	for _, p := range all {
		ends(t, p)
		p.Close()
	}
	if err := <-own; err != nil {
		t.Error(err)
	}
	if n, err := s.Value(); n > issued || n < issued-2*kills || err != nil {
		t.Errorf("of %d there are %d, after %d kills; error %v", issued, n, kills, err)
	} else {
		t.Logf("%d kills; of %d there are %d; taken %d times", kills, issued, n, k.Taken.Load())
	}
}
