//go:build unix

package queue_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
)

// shift is the task of one process of this torture: it puts, or it gets with several goroutines, its hands.
type shift struct {
	ID      uint32
	Q       *queue.AcknowledgedQueue[parcel]
	Hands   int // 0: it puts
	File    string
	Largest int
}

// deed is a note in the file of a process, which writes it right after it has put, got, acknowledged or returned an item.
type deed struct {
	What          byte
	Producer, Seq uint32
	Redelivered   uint32
}

const (
	didPut byte = iota
	didGet
	didAck
	didReturn
)

func (s *shift) note(f *os.File, what byte, it *parcel, redelivered int) error {
	b, err := binary.Append(nil, binary.LittleEndian, deed{what, it.Producer, it.Seq, uint32(redelivered)})
	if err == nil {
		_, err = f.Write(b)
	}
	return err
}

// Toil works a shift to its end. A producer works until it is killed; a consumer, until the queue was closed and all items are
// acknowledged.
var Toil = mp.Register("queue.toil", func(ctx context.Context, s shift) (int, error) {
	f, err := os.OpenFile(s.File, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if s.Hands == 0 {
		for seq := uint32(0); ; seq++ {
			it := parcel{Producer: s.ID, Seq: seq, Payload: make([]byte, rand.IntN(s.Largest))}
			it.Sum = it.sum()
			for seq%100 == 99 && s.Q.Len() > 1000 { // a longer queue would take minutes to empty
				time.Sleep(time.Millisecond)
			}
			if err := errors.Join(s.Q.Put(ctx, it), s.note(f, didPut, &it, 0)); err != nil {
				return 0, err
			}
		}
	}
	errs := make(chan error, s.Hands)
	for range s.Hands {
		go func() { errs <- s.handle(ctx, f) }()
	}
	for range s.Hands {
		err = errors.Join(err, <-errs)
	}
	return 0, err
})

func (s *shift) handle(ctx context.Context, f *os.File) error {
	for {
		d, err := s.Q.Get(ctx)
		switch {
		case errors.Is(err, mp.ErrClosed):
			return nil
		case err != nil:
			return err
		case d.Value.Sum != d.Value.sum():
			return fmt.Errorf("corrupt: %d of %d", d.Value.Seq, d.Value.Producer)
		}
		if err := s.note(f, didGet, &d.Value, d.Redelivered); err != nil {
			return err
		}
		if rand.IntN(4) == 0 {
			time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond) // as if it were work
		}
		what := didAck
		if rand.IntN(20) == 0 {
			what, err = didReturn, d.Return()
		} else {
			err = d.Ack()
		}
		if err == nil {
			err = s.note(f, what, &d.Value, d.Redelivered)
		}
		if err != nil {
			return err
		}
	}
}

// TestAcknowledgeTorture kills and freezes producers and consumers at random. Afterwards, every item that was put has come out
// whole. No acknowledged item has come again. Every item that came again had been returned, or was in the hands of a killed
// process.
func TestAcknowledgeTorture(t *testing.T) {
	var sum toll
	many := uint64(1795937726) // with this seed there are many hands, all busy
	seeds(t, []uint64{0, 1, 2, many}, func(t *testing.T, seed uint64, deeds int) int {
		run := toil(t, seed, deeds)
		sum.add(run)
		return run.kills
	})
	t.Logf("%d kills: %d items, %d deliveries, %d returned, %d from dead hands, none lost, none corrupt, none after its Ack",
		sum.kills, sum.items, sum.deliveries, sum.returned, sum.orphaned)
}

// toll counts what happened in a run.
type toll struct{ kills, items, deliveries, returned, orphaned int }

func (t *toll) add(o toll) {
	t.kills += o.kills
	t.items += o.items
	t.deliveries += o.deliveries
	t.returned += o.returned
	t.orphaned += o.orphaned
}

// factory is one run.
type factory struct {
	t       *testing.T
	dir     string
	q       *queue.AcknowledgedQueue[parcel]
	largest int
	hands   int

	mu     sync.Mutex
	next   uint32
	killed map[string]bool // the files of the processes that were killed
}

func toil(t *testing.T, seed uint64, deeds int) toll {
	rnd := rand.New(rand.NewPCG(seed, 2))
	pick := func(from ...int) int { return from[rnd.IntN(len(from))] }
	if rnd.IntN(4) == 0 {
		t.Setenv("MP_TRANSPORT", "socket")
	}
	f := &factory{
		t: t, dir: prog.TempDir(t), killed: make(map[string]bool), largest: pick(1, 64, 5000, 100_000), hands: pick(1, 1, 4, 30),
		q: must(queue.NewAcknowledged[parcel](pick(0, 1, 10, 100)))(t),
	}
	ctx, stop := context.WithCancel(background)
	defer stop()
	var producers, consumers sync.WaitGroup
	for range 1 + rnd.IntN(2) {
		producers.Go(func() { f.work(ctx, 0) })
	}
	for range 1 + rnd.IntN(3) {
		consumers.Go(func() { f.work(background, f.hands) })
	}
	if rnd.IntN(3) == 0 {
		consumers.Go(func() {
			if _, err := Toil.Call(background, shift{Q: f.q, Hands: 1, File: filepath.Join(f.dir, "owner")}); err != nil {
				t.Error(err)
			}
		})
	}
	kills := 0
	for range deeds {
		time.Sleep(time.Duration(rnd.IntN(20)) * time.Millisecond)
		all := mp.ActiveChildren()
		if len(all) == 0 {
			continue
		}
		if victim := all[rnd.IntN(len(all))]; rnd.IntN(5) == 0 {
			freeze(victim, 10*time.Millisecond)
		} else {
			kills++
			victim.Kill()
		}
	}
	stop()
	producers.Wait()
	f.q.Close()
	for range 5 { // while the rest is worked off
		time.Sleep(time.Duration(rnd.IntN(5)) * time.Millisecond)
		if all := mp.ActiveChildren(); len(all) > 0 {
			kills++
			all[rnd.IntN(len(all))].Kill()
		}
	}
	consumers.Wait()
	if f.q.Len() != 0 {
		t.Error(f.q)
	}
	sum := f.check()
	sum.kills = kills
	t.Logf("%v, largest %d, %d hands, %s: %+v", f.q, f.largest, f.hands, os.Getenv("MP_TRANSPORT"), sum)
	return sum
}

// work starts one process after the other, each with a shift, until ctx ends or a process ends without being killed.
func (f *factory) work(ctx context.Context, hands int) {
	for {
		f.mu.Lock()
		f.next++
		s := shift{ID: f.next, Q: f.q, Hands: hands, Largest: f.largest, File: filepath.Join(f.dir, fmt.Sprint(f.next))}
		f.mu.Unlock()
		p, err := mp.Start(ctx, Toil, s, &mp.ProcessOptions{KillDelay: -1})
		if err == nil {
			_, err = p.Result(background)
			p.Close()
		}
		exit := (*mp.ExitError)(nil)
		switch {
		case err == nil, ctx.Err() != nil, errors.Is(err, mp.ErrClosed), errors.Is(err, os.ErrClosed): // the last two: the queue has just ended
			return
		case !errors.As(err, &exit) || exit.Signal != syscall.SIGKILL:
			f.t.Error(err)
			return
		}
		f.mu.Lock()
		f.killed[s.File] = true
		f.mu.Unlock()
	}
}

// check compares the notes of all processes.
func (f *factory) check() (sum toll) {
	type key struct{ producer, seq uint32 }
	type time struct {
		key
		redelivered uint32
	}
	put := make(map[key]bool)
	last := make(map[key]uint32) // Redelivered of its last delivery
	innocent := make(map[time]bool)
	done := make(map[time]byte)
	files, _ := filepath.Glob(filepath.Join(f.dir, "*"))
	for _, name := range files {
		b, _ := os.ReadFile(name)
		var d deed
		for size := binary.Size(d); len(b) >= size; b = b[size:] {
			_, _ = binary.Decode(b, binary.LittleEndian, &d)
			k := key{d.Producer, d.Seq}
			at := time{k, d.Redelivered}
			switch d.What {
			case didPut:
				put[k] = true
				continue
			case didGet:
				if _, twice := innocent[at]; twice {
					f.t.Errorf("delivery %v came out twice", at)
				}
				innocent[at] = !f.killed[name]
				last[k] = max(last[k], d.Redelivered)
				sum.deliveries++
			case didReturn:
				sum.returned++
			}
			done[at] = d.What
		}
	}
	for k := range put {
		if _, ok := last[k]; !ok {
			f.t.Errorf("item %v was lost", k)
		}
	}
	for at, innocent := range innocent {
		again := last[at.key] > at.redelivered
		if again && done[at] == didGet {
			sum.orphaned++
		}
		switch {
		case again && done[at] == didAck:
			f.t.Errorf("%v was acknowledged and came again", at)
		case again && innocent && done[at] != didReturn:
			f.t.Errorf("%v came again without a reason", at)
		case !again && done[at] == didReturn, !again && innocent && done[at] != didAck:
			f.t.Errorf("%v was not acknowledged", at)
		}
	}
	sum.items = len(last)
	return sum
}
