package sys_test

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

func newBell(t *testing.T) *sys.Bell {
	t.Helper()
	b, err := sys.NewBell()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// waiting calls Wait in a goroutine, until open is true. asked gets a value when Wait is about to sleep.
func waiting(b *sys.Bell, open *atomic.Bool) (asked chan struct{}, done chan error) {
	asked, done = make(chan struct{}, 1), make(chan error, 1)
	go func() {
		done <- b.Wait(func(uintptr) bool {
			if open.Load() {
				return true
			}
			select {
			case asked <- struct{}{}:
			default:
			}
			return false
		})
	}()
	return asked, done
}

// Wait calls ready at once and after each ring. Rings before Wait cause one more call at most.
func TestBellAsksAfterEachRing(t *testing.T) {
	leak.Check(t)
	b := newBell(t)
	for range 100 {
		b.Ring()
		b.Ring()
		var open atomic.Bool
		asked, done := make(chan struct{}, 1), make(chan error)
		questions := 0
		go func() {
			done <- b.Wait(func(uintptr) bool {
				if questions++; questions == 1 {
					asked <- struct{}{}
				}
				return open.Load()
			})
		}()
		<-asked
		open.Store(true)
		b.Ring()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if questions > 3 { // one at once, one for the rings before Wait, one for the last ring
			t.Fatalf("%d questions", questions)
		}
	}
}

// A ring while ready runs is not lost.
func TestBellDuringTheQuestion(t *testing.T) {
	leak.Check(t)
	b := newBell(t)
	for range 1000 {
		n := 0
		err := b.Wait(func(uintptr) bool {
			n++
			if n < 3 {
				b.Ring()
			}
			return n == 3
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestBellCloseEndsWait(t *testing.T) {
	leak.Check(t)
	b := newBell(t)
	asked, done := waiting(b, new(atomic.Bool))
	<-asked
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, os.ErrClosed) {
		t.Errorf("Wait ended with %v", err)
	}
	if err := b.Wait(func(uintptr) bool { return true }); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the next Wait ended with %v", err)
	}
	b.Ring()
}

// A bell wakes the waiter at another bell of the same file, as another process has it, even when a process has filled the counter.
func TestBellOfAPeer(t *testing.T) {
	leak.Check(t)
	ours := newBell(t)
	f, err := sys.Dup(ours.File())
	if err != nil {
		t.Fatal(err)
	}
	peer, err := sys.OpenBell(f)
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	for range 3 {
		var open atomic.Bool
		asked, done := waiting(ours, &open)
		<-asked
		_, _ = unix.Read(int(f.Fd()), make([]byte, 8))
		if _, err := unix.Write(int(f.Fd()), binary.NativeEndian.AppendUint64(nil, 1<<64-2)); err != nil {
			t.Fatal(err)
		}
		<-asked // because of the write
		open.Store(true)
		peer.Ring()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

// OpenBell refuses a file that is no bell, and closes it.
func TestOpenBellRefuses(t *testing.T) {
	leak.Check(t)
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := sys.OpenBell(f); err == nil {
		t.Errorf("a file is %v", b)
	}
	if sys.Open(f) {
		t.Error("the file is open")
	}
}
