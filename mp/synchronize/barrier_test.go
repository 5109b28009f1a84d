package synchronize_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

// A party whose ctx was over before it came goes on if it is the last one, and breaks the barrier otherwise, in the owner and
// over a link without shared memory.
func TestPartyThatDoesNotWait(t *testing.T) {
	leak.Check(t)
	defer synchronize.SetGlance(time.Minute)() // however busy the machine is
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for name, elsewhere := range map[string]func(*synchronize.Barrier) *synchronize.Barrier{
		"owner":  func(b *synchronize.Barrier) *synchronize.Barrier { return b },
		"stream": synchronize.Across,
	} {
		b := made(synchronize.NewBarrier(2))(t)
		there := elsewhere(b)
		first := make(chan error, 1)
		go func() {
			_, err := b.Wait(t.Context())
			first <- err
		}()
		until(t, "one waits", func() bool { n, _ := b.Waiting(); return n == 1 })
		if n, err := there.Wait(over); n != 1 || err != nil {
			t.Fatalf("%s: the last one: %d, %v", name, n, err)
		}
		if err := <-first; err != nil {
			t.Errorf("%s: the first one: %v", name, err)
		}
		if broken, err := there.Broken(); broken || err != nil {
			t.Errorf("%s: all have passed: %v, %v", name, broken, err)
		}
		for range 2 { // the second party finds the barrier broken
			if _, err := there.Wait(over); err == nil {
				t.Errorf("%s: it has passed alone", name)
			}
			if broken, err := there.Broken(); !broken || err != nil {
				t.Fatalf("%s: the owner has not heard of the party: %v, %v", name, broken, err)
			}
		}
		if err := b.Reset(); err != nil {
			t.Error(err)
		}
		if _, err := there.Wait(over); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A party in another process whose ctx is over breaks the barrier, even with the first call of that process.
func TestProcessThatDoesNotWait(t *testing.T) {
	leak.Check(t)
	for _, transport := range []string{"shm", "socket"} {
		t.Setenv("MP_TRANSPORT", transport)
		b := made(synchronize.NewBarrier(2))(t)
		if n := ends(t, start(t, kit{How: "party in vain", Barrier: b})); n != 1 {
			t.Fatalf("%s: it is not broken", transport)
		}
		if _, err := b.Wait(t.Context()); !errors.Is(err, synchronize.ErrBrokenBarrier) {
			t.Errorf("%s: %v", transport, err)
		}
	}
}
