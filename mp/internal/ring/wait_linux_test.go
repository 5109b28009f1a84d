package ring_test

import (
	"errors"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
)

// tap is a bell that counts its rings and reports sleeping waiters.
type tap struct {
	ring.Bell
	rings atomic.Int32
	sleep chan struct{} // buffered; gets a value when a waiter sleeps
}

func newTap(t *testing.T) *tap { return &tap{Bell: newBell(t), sleep: make(chan struct{}, 1000)} }

func (b *tap) Ring() {
	b.rings.Add(1)
	b.Bell.Ring()
}

func (b *tap) Wait(ready func(fd uintptr) bool) error {
	return b.Bell.Wait(func(fd uintptr) bool {
		if ready(fd) {
			return true
		}
		b.sleep <- struct{}{}
		return false
	})
}

// tapped makes both ends of a ring in Go's memory, with taps as bells.
func tapped(t *testing.T, capacity int) (w *ring.Writer, r *ring.Reader, bell, room *tap) {
	t.Helper()
	leak.Check(t)
	within(t)
	mem := make([]byte, ring.Overhead+capacity)
	bell, room = newTap(t), newTap(t)
	return ring.NewWriter(mem, bell, room), ring.NewReader(mem, bell, room), bell, room
}

// fill writes records until there is no room for another one.
func fill(t *testing.T, w *ring.Writer, body []byte) (n int) {
	t.Helper()
	for {
		ok, err := w.Write(nil, body)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return n
		}
		n++
	}
}

// drain reads all records that are there.
func drain(t *testing.T, r *ring.Reader) (n int) {
	t.Helper()
	for {
		_, ok, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return n
		}
		r.Done()
		n++
	}
}

func expect(t *testing.T, what string, got, want int) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %d instead of %d", what, got, want)
	}
}

// The writer does not ring for a reader that is awake. For a sleeping reader it rings once for many records, at Wake.
func TestOneRingForManyRecords(t *testing.T) {
	w, r, bell, _ := tapped(t, 1024)
	w.Write(nil, []byte{1})
	w.Wake()
	expect(t, "rings while the reader is awake", int(bell.rings.Load()), 0)
	expect(t, "records", drain(t, r), 1)

	woken := make(chan error)
	go func() { woken <- r.Await(false) }()
	<-bell.sleep
	written := fill(t, w, []byte("eight ch"))
	select {
	case err := <-woken:
		t.Fatalf("the reader was woken (%v) before it should be", err)
	default:
	}
	expect(t, "rings before Wake", int(bell.rings.Load()), 0)
	w.Wake()
	w.Wake()
	if err := <-woken; err != nil {
		t.Fatal(err)
	}
	expect(t, "rings", int(bell.rings.Load()), 1)
	expect(t, "records", drain(t, r), written)
}

// A writer that waits for room wakes the reader, which may sleep although there are records that were written without Wake. The
// reader wakes the writer once there is room.
func TestWaitingForRoomWakesTheReader(t *testing.T) {
	w, r, bell, room := tapped(t, 64)
	woken := make(chan error)
	go func() { woken <- r.Await(false) }()
	<-bell.sleep
	written := fill(t, w, []byte("eight ch"))
	roomy := make(chan error)
	go func() { roomy <- w.AwaitRoom(8, false) }()
	<-room.sleep
	if err := <-woken; err != nil {
		t.Fatal(err)
	}
	expect(t, "records", drain(t, r), written)
	if err := <-roomy; err != nil {
		t.Fatal(err)
	}
	if ok, err := w.Write(nil, []byte("eight ch")); !ok || err != nil {
		t.Errorf("there is no room: %v", err)
	}
}

// End ends a wait at whatever moment it comes, and every later wait. Records in the ring can still be read.
func TestEndAtAnyMoment(t *testing.T) {
	leak.Check(t)
	within(t)
	bell, room, idle := newBell(t), newBell(t), newBell(t)
	for round := range 500 {
		mem := make([]byte, ring.Overhead+64)
		full, fullReader := ring.NewWriter(mem, bell, room), ring.NewReader(mem, bell, room)
		empty := ring.NewReader(make([]byte, ring.Overhead+64), idle, nil)
		written := fill(t, full, []byte{1})
		done := make(chan error, 2)
		go func() { done <- full.AwaitRoom(8, false) }()
		go func() { done <- empty.Await(round%2 == 0) }()
		for range round % 50 {
			runtime.Gosched()
		}
		go full.End()
		empty.End()
		if err := errors.Join(<-done, <-done); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(full.AwaitRoom(8, false), empty.Await(true), empty.Await(false)); err != nil {
			t.Fatal(err)
		}
		fullReader.End()
		if err := fullReader.Await(false); err != nil {
			t.Fatal(err)
		}
		expect(t, "records after the end", drain(t, fullReader), written)
	}
}

// Closing a bell ends the wait for it, and every later wait.
func TestBellClosedDuringAWait(t *testing.T) {
	w, r, bell, room := tapped(t, 64)
	failed := make(chan error, 2)
	go func() { failed <- r.Await(false) }()
	<-bell.sleep
	bell.Bell.(interface{ Close() error }).Close()
	if err := <-failed; !errors.Is(err, os.ErrClosed) {
		t.Errorf("the reader's wait ended with %v", err)
	}
	if err := r.Await(false); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the reader's next wait ended with %v", err)
	}
	fill(t, w, []byte{1})
	go func() { failed <- w.AwaitRoom(1, false) }()
	<-room.sleep
	room.Bell.(interface{ Close() error }).Close()
	if err := <-failed; !errors.Is(err, os.ErrClosed) {
		t.Errorf("the writer's wait ended with %v", err)
	}
	w.Wake() // rings a bell that is closed
	w.End()
	r.End()
}

// attempts numbers the attempts of the tests below to hit the moment between two instructions: 10,000, or as many as fit into 10
// seconds. An attempt may take 10 ms: Go polls for rings only that often while goroutines keep all its processors busy, as here.
func attempts(yield func(int) bool) {
	for i, began := 0, time.Now(); i < 10_000 && time.Since(began) < 10*time.Second && yield(i); i++ {
	}
}

// later spins for a time that grows with i, and starts over every 500 attempts.
func later(i int) {
	var step atomic.Int32
	for range i % 500 {
		step.Add(1)
	}
}

// A reader that has looked and is about to sleep misses no record: records come at all moments between its look and its sleep.
func TestNoRecordIsOverslept(t *testing.T) {
	leak.Check(t)
	within(t)
	w, r := pairIn(t, make([]byte, ring.Overhead+64))
	var read atomic.Int32
	var enough atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !enough.Load() {
			if drain(t, r) > 0 {
				read.Add(1)
			} else {
				_ = r.Await(false)
			}
		}
	}()
	for i := range attempts {
		later(i)
		_, _ = w.Write(nil, nil)
		w.Wake()
		for int(read.Load()) == i {
			runtime.Gosched() // so the next record comes near the moment at which the reader sleeps again
		}
	}
	enough.Store(true)
	r.End()
	<-done
}

// A writer that has looked and is about to wait for room does not miss the room that the reader makes.
func TestNoRoomIsOverslept(t *testing.T) {
	leak.Check(t)
	within(t)
	w, r := pairIn(t, make([]byte, ring.Overhead+64))
	var full atomic.Int32
	var enough atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !enough.Load() {
			fill(t, w, make([]byte, 8))
			full.Add(1)
			_ = w.AwaitRoom(8, false)
		}
	}()
	for i := range attempts {
		for int(full.Load()) == i {
			runtime.Gosched()
		}
		for range 2 { // AwaitRoom waits for the room of two records
			later(i)
			_, _, _ = r.Next()
			r.Done()
		}
	}
	enough.Store(true)
	w.End()
	<-done
}
