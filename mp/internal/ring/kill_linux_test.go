package ring_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
)

// Two processes send each other records of all sizes, both at once.
func TestTwoProcesses(t *testing.T) {
	for _, capacity := range []int{64, 4096, 1 << 18} {
		t.Run(fmt.Sprint(capacity), func(t *testing.T) {
			leak.Check(t)
			within(t)
			count := min(2000, 16<<20/capacity)
			if raced {
				count /= 8
			}
			l := start(t, order{Capacity: capacity, Count: count})
			sent := make(chan error, 1)
			go func() { sent <- l.send(count, capacity) }()
			got, err := l.receive(capacity, nil)
			if err := errors.Join(err, <-sent, l.child.Wait()); err != nil {
				t.Fatal(err)
			}
			expect(t, "records", got, count)
		})
	}
}

// send sends count records to the child. If count is negative, it sends until the child has gone.
func (l *link) send(count, capacity int) error {
	for i := 0; count < 0 || i < count; i++ {
		b := record(down, i, ring.Most(capacity))
		for {
			ok, err := l.w.Write(nil, b)
			if err != nil {
				return err
			}
			if ok {
				break
			}
			if l.over.Load() {
				return nil
			}
			if err := l.w.AwaitRoom(len(b), false); err != nil {
				return err
			}
		}
		l.w.Wake()
		if l.over.Load() {
			return nil
		}
	}
	return nil
}

// receive receives records until the child has gone and no record is left, and returns how many there were. After each record it
// calls each with their number so far.
func (l *link) receive(capacity int, each func(i int)) (i int, err error) {
	for {
		over := l.over.Load() // before Next: what was published before is seen
		b, ok, err := l.r.Next()
		switch {
		case err != nil:
			return i, err
		case ok:
			if !bytes.Equal(b, record(up, i, ring.Most(capacity))) {
				return i, fmt.Errorf("record %d from the child is damaged", i)
			}
			l.r.Done()
			i++
			if each != nil {
				each(i)
			}
		case over:
			if n := l.r.Unread(); n != 0 {
				return i, fmt.Errorf("%d bytes are unread", n)
			}
			return i, nil
		default:
			if err := l.r.Await(true); err != nil {
				return i, err
			}
		}
	}
}

// death is how a child dies, and what the parent does meanwhile.
type death struct {
	order
	after       int  // records from the child until it is killed from outside, if Point is empty
	mute, blind bool // mute: the parent sends only when the child has gone; blind: it reads only then
	want        int  // how many records are to arrive, or −1
}

func (d death) String() string {
	return fmt.Sprintf("%s %d cut %d after %d, ring of %d", d.Point, d.Nth, d.Cut, d.after, d.Capacity)
}

// run starts a child that dies. All records that the child has published must arrive whole, and no wait may outlast the child.
func (d death) run(t *testing.T) {
	l := start(t, d.order)
	sent := make(chan error, 1)
	go func() {
		if d.mute {
			<-l.watched
		}
		sent <- l.send(-1, d.Capacity)
	}()
	kill := func(i int) {
		if d.Point == "" && i == d.after {
			_ = l.child.Process.Kill()
		}
	}
	kill(0)
	if d.blind {
		<-l.watched
	}
	got, err := l.receive(d.Capacity, kill)
	err = errors.Join(err, <-sent)
	_ = l.child.Wait()
	if status, _ := l.child.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGKILL {
		t.Errorf("the child was not killed: %v", l.child.ProcessState)
	}
	if err != nil {
		t.Error(err)
	}
	if d.want >= 0 {
		expect(t, "records", got, d.want)
	}
}

// named returns the deaths at points. Where a point needs an empty or a full ring, the parent is mute or blind.
func named() (all []death) {
	capacities := []int{64, 1024}
	if raced {
		capacities = capacities[:1]
	}
	for _, capacity := range capacities {
		at := func(point string, nth, want int) death {
			return death{order: order{Capacity: capacity, Endless: true, Point: point, Nth: nth}, want: want}
		}
		for _, nth := range []int{1, 2, 50} {
			all = append(all, at("writing", nth, nth-1), at("published", nth, nth), at("sent", nth, nth), at("taken", nth, -1), at("given back", nth, -1))
		}
		for cut := ring.CutSkip; cut <= ring.CutTail; cut++ {
			for nth := 4; nth < 12; nth += 3 {
				d := at("half", nth, nth-1)
				d.Cut = cut
				all = append(all, d)
			}
		}
		mute, blind := at("asleep", 1, -1), at("wanting", 1, -1)
		mute.mute, blind.blind = true, true
		all = append(all, mute, blind, at("ringing", 1, -1), at("freeing", 1, -1))
	}
	return all
}

// When its peer is killed, at each named point and then at random ones, the survivor never hangs. It gets all that the peer has
// published, whole, and nothing else. MP_TORTURE=n goes on until there were n kills.
func TestKilledPeer(t *testing.T) {
	wanted, _ := strconv.Atoi(os.Getenv("MP_TORTURE"))
	began, kills := time.Now(), 0
	one := func(d death) {
		t.Run(d.String(), func(t *testing.T) {
			leak.Check(t)
			within(t)
			d.run(t)
			kills++
		})
	}
	for _, d := range named() {
		one(d)
	}
	enough := func() bool {
		if wanted > 0 {
			return kills >= wanted
		}
		return kills >= 300 || time.Since(began) > 2*time.Second
	}
	for seed := uint64(1); !enough() && !t.Failed(); seed++ {
		random := rand.New(rand.NewPCG(seed, 0))
		one(death{
			order: order{Capacity: 64 << random.IntN(9), Endless: true},
			after: random.IntN(1 + random.IntN(2000)), mute: random.IntN(8) == 0, want: -1,
		})
	}
	t.Logf("%d kills in %v", kills, time.Since(began).Round(time.Millisecond))
}

// A process that writes nonsense into a ring at every moment, even between two looks at a word, causes no more than ErrCorrupt at
// either end.
func TestScribbler(t *testing.T) {
	leak.Check(t)
	within(t)
	const capacity = 256
	l := start(t, order{Capacity: capacity, Scribble: true})
	if err := l.b.bell.Wait(begun()); err != nil {
		t.Fatal(err)
	}
	rounds, records, refused, sum := 0, 0, 0, byte(0)
	for ; refused < 300 && rounds < 3000; rounds++ {
		mem := l.b.seg.Bytes()
		clear(mem)
		r, w := ring.NewReader(mem, l.b.bell, l.b.room), ring.NewWriter(mem, l.b.bell, l.b.room)
		var readErr, writeErr error
		for i := 0; i < 1000 && (readErr == nil || writeErr == nil); i++ {
			var b []byte
			var ok bool
			if b, ok, readErr = r.Next(); ok {
				for _, c := range b {
					sum += c
				}
				r.Done()
				records++
			}
			_, writeErr = w.Write(stuff()[:i%8], stuff()[:i%(ring.Most(capacity)-7)])
			w.Wake()
			for _, err := range []error{readErr, writeErr} {
				if err != nil && !errors.Is(err, ring.ErrCorrupt) {
					t.Fatal(err)
				}
			}
		}
		if readErr != nil && writeErr != nil {
			refused++
		}
		if rounds%100 == 0 { // the child rings all the time
			if err := errors.Join(r.Await(true), w.AwaitRoom(rounds%ring.Most(capacity), false)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if l.over.Load() {
		t.Fatal("the child has gone")
	}
	t.Logf("%d records through %d rings, of which %d were refused (%d)", records, rounds, refused, sum)
}

// begun returns a condition that is true once the bell has rung.
func begun() func(fd uintptr) bool {
	asked := false
	return func(uintptr) bool {
		defer func() { asked = true }()
		return asked
	}
}
