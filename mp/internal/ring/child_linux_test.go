package ring_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// Other processes in these tests are the test binary again, with an order.
const orderVar = "MP_TEST_RING"

// order is what a child is to do.
type order struct {
	Capacity int
	Count    int // records each way, in traffic
	Endless  bool
	Cut      ring.Cut // where a write is cut in two by Point "half"
	Point    string   // where the child dies
	Nth      int      // at which visit of Point
	Scribble bool     // write nonsense into the rings instead
}

func TestMain(m *testing.M) {
	if text := os.Getenv(orderVar); text != "" {
		var o order
		err := json.Unmarshal([]byte(text), &o)
		if err == nil {
			err = o.run()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "child:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// The seeds of the records that the parent sends, and of those that the child sends.
const (
	down = 1
	up   = 2
)

// lane is one way of a link: a ring with its bells.
type lane struct {
	seg        *shm.Segment
	bell, room *sys.Bell
}

func (l *lane) files() []*os.File { return []*os.File{l.seg.File(), l.bell.File(), l.room.File()} }

func newLane(t *testing.T, capacity int) *lane {
	t.Helper()
	return &lane{newSegment(t, capacity), newBell(t), newBell(t)}
}

// inherited opens the lane whose three files a child has inherited from descriptor first on.
func inherited(first uintptr, capacity int) (*lane, error) {
	f := os.NewFile(first, "memory")
	defer f.Close()
	seg, err := shm.Open(f, ring.Overhead+capacity)
	bell, bellErr := sys.OpenBell(os.NewFile(first+1, "bell"))
	room, roomErr := sys.OpenBell(os.NewFile(first+2, "bell"))
	return &lane{seg, bell, room}, errors.Join(err, bellErr, roomErr)
}

// link is the parent's side: a ring each way, and a socket that says when the child has gone.
type link struct {
	a, b    *lane // to the child, and back
	w       *ring.Writer
	r       *ring.Reader
	control *os.File
	child   *exec.Cmd
	over    atomic.Bool
	watched chan struct{} // closed after over is set
}

// start starts a child with its order, and both rings.
func start(t *testing.T, o order) *link {
	t.Helper()
	a, b := newLane(t, o.Capacity), newLane(t, o.Capacity)
	ours, theirs := socketpair(t)
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	l := &link{
		a: a, b: b,
		w: ring.NewWriter(a.seg.Bytes(), a.bell, a.room), r: ring.NewReader(b.seg.Bytes(), b.bell, b.room),
		control: ours, child: exec.Command(os.Args[0]), watched: make(chan struct{}),
	}
	l.child.Env = append(os.Environ(), orderVar+"="+string(text))
	l.child.Stderr = os.Stderr
	l.child.ExtraFiles = append(append(a.files(), b.files()...), theirs)
	if err := l.child.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	t.Cleanup(func() {
		l.control.Close() // ends a child that still runs
		if l.child.ProcessState == nil {
			_ = l.child.Wait()
		}
		<-l.watched
	})
	go func() {
		defer close(l.watched)
		_, _ = l.control.Read(make([]byte, 1))
		l.over.Store(true)
		l.w.End()
		l.r.End()
	}()
	return l
}

func socketpair(t *testing.T) (a, b *os.File) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	a, b = os.NewFile(uintptr(fds[0]), "control"), os.NewFile(uintptr(fds[1]), "control")
	t.Cleanup(func() {
		a.Close()
		b.Close()
	})
	return a, b
}

// run is what the child does.
func (o *order) run() error {
	a, errA := inherited(3, o.Capacity)
	b, errB := inherited(6, o.Capacity)
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	control := os.NewFile(9, "control")
	go func() {
		_, _ = control.Read(make([]byte, 1))
		os.Exit(3) // the parent has closed its end
	}()
	if o.Scribble {
		scribble(a, b)
	}
	end := make(chan error, 2)
	d := &doom{name: o.Point}
	d.left.Store(int32(o.Nth))
	go func() {
		r := ring.NewReader(a.seg.Bytes(), fatal{a.bell, d, "asleep", ""}, fatal{a.room, d, "", "freeing"})
		end <- o.receive(r, d)
	}()
	go func() {
		w := ring.NewWriter(b.seg.Bytes(), fatal{b.bell, d, "", "ringing"}, fatal{b.room, d, "wanting", ""})
		end <- o.send(w, d)
	}()
	return errors.Join(<-end, <-end)
}

func (o *order) send(w *ring.Writer, d *doom) error {
	for i := 0; o.Endless || i < o.Count; i++ {
		b := record(up, i, ring.Most(o.Capacity))
		d.at("writing")
		if d.name == "half" && int(d.left.Load()) == i+1 {
			if err := w.AwaitRoom(len(b), false); err != nil {
				return err
			}
			w.WriteHalf(b, o.Cut)
			d.die()
		}
		for {
			ok, err := w.Write(nil, b)
			if err != nil {
				return err
			}
			if ok {
				break
			}
			if err := w.AwaitRoom(len(b), false); err != nil {
				return err
			}
		}
		d.at("published")
		w.Wake()
		d.at("sent")
	}
	return nil
}

func (o *order) receive(r *ring.Reader, d *doom) error {
	for i := 0; o.Endless || i < o.Count; {
		b, ok, err := r.Next()
		if err != nil {
			return err
		}
		if !ok {
			if err := r.Await(true); err != nil {
				return err
			}
			continue
		}
		if !bytes.Equal(b, record(down, i, ring.Most(o.Capacity))) {
			return fmt.Errorf("record %d from the parent is damaged", i)
		}
		d.at("taken")
		r.Done()
		d.at("given back")
		i++
	}
	return nil
}

// doom kills this process at its left-th visit of the point name.
type doom struct {
	name string
	left atomic.Int32
}

func (d *doom) at(name string) {
	if name == d.name && d.left.Add(-1) == 0 {
		d.die()
	}
}

func (d *doom) die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// fatal is a bell at which its process may die: before it sleeps, or before it rings.
type fatal struct {
	ring.Bell
	*doom
	sleeping, ringing string
}

func (b fatal) Ring() {
	b.at(b.ringing)
	b.Bell.Ring()
}

func (b fatal) Wait(ready func(fd uintptr) bool) error {
	return b.Bell.Wait(func(fd uintptr) bool {
		if ready(fd) {
			return true
		}
		b.at(b.sleeping)
		return false
	})
}

// scribble writes nonsense into the memory of the lanes, much of it nearly valid, and rings their bells, for ever.
func scribble(lanes ...*lane) {
	for {
		mem := lanes[rand.IntN(len(lanes))].seg.Bytes()
		p := program(make([]byte, 8))
		for i := range p {
			p[i] = byte(rand.Uint32())
		}
		p.mutate(mem)
		if rand.IntN(16) == 0 {
			for _, l := range lanes {
				l.bell.Ring()
				l.room.Ring()
			}
		}
	}
}
