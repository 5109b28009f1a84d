//go:build unix

package queue_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
)

// parcel is what goes through the queues: the Seq-th item of a producer.
type parcel struct {
	Producer, Seq uint32
	Sum           uint32
	Payload       []byte
}

// part is the task of one process of the torture. A producer or consumer notes each item in File right after it has put or got
// it.
type part struct {
	ID      uint32
	From    *queue.Queue[parcel] // a producer has none
	To      *queue.Queue[parcel] // a consumer has none
	File    string
	Largest int
}

// mixed, as Largest, means payloads of all sizes: small ones, some about as large as a ring takes, and some much larger.
const mixed = -1

func (p *part) payload(rnd *rand.Rand) []byte {
	if p.Largest != mixed {
		return make([]byte, rnd.IntN(p.Largest))
	}
	switch rnd.IntN(40) {
	case 0:
		return make([]byte, 1<<20)
	case 1, 2:
		return make([]byte, 8<<10-100+rnd.IntN(200))
	case 3:
		return make([]byte, 64<<10+rnd.IntN(200))
	default:
		return make([]byte, rnd.IntN(2)*64)
	}
}

const noteSize = 12

func (p *part) note(f *os.File, it parcel) error {
	b := binary.LittleEndian.AppendUint32(nil, it.Producer)
	b = binary.LittleEndian.AppendUint32(b, it.Seq)
	b = binary.LittleEndian.AppendUint32(b, it.Sum)
	_, err := f.Write(b)
	return err
}

func (it *parcel) sum() uint32 {
	return crc32.ChecksumIEEE(it.Payload) ^ it.Producer*2654435761 ^ it.Seq*40503
}

// Play plays a part to its end. A consumer or relay ends when its queue was closed and is empty; a producer, when it is killed.
var Play = mp.Register("queue.play", func(ctx context.Context, p part) (int, error) {
	f, err := os.OpenFile(p.File, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	rnd := rand.New(rand.NewPCG(uint64(p.ID), 0))
	if p.From == nil {
		for seq := uint32(0); ; seq++ {
			it := parcel{Producer: p.ID, Seq: seq, Payload: p.payload(rnd)}
			for i := range it.Payload {
				it.Payload[i] = byte(i) ^ byte(seq)
			}
			it.Sum = it.sum()
			if err := p.To.Put(ctx, it); err != nil {
				return int(seq), err
			}
			if err := p.note(f, it); err != nil {
				return int(seq), err
			}
		}
	}
	n := 0
	for it, err := range p.From.All(ctx) {
		switch {
		case err != nil:
			return n, err
		case it.Sum != it.sum():
			return n, fmt.Errorf("corrupt: %d of %d", it.Seq, it.Producer)
		case p.To == nil:
			err = p.note(f, it)
		default:
			err = p.To.Put(ctx, it)
		}
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
})

// drama is one run: producers, relays if there are any, and consumers, of which some are killed or frozen all the time.
type drama struct {
	t      *testing.T
	rnd    *rand.Rand
	dir    string
	first  *queue.Queue[parcel]
	second *queue.Queue[parcel] // nil: there are no relays
	size   int
	spared bool // only producers are killed or frozen
	strict bool // spared, with one consumer and no relays: no item may come late

	closing atomic.Bool
	late    int

	mu    sync.Mutex
	next  uint32
	kills map[string]int
}

// TestTorture kills and freezes producers, relays and consumers at random. Afterwards, every item that came out has come out
// once and whole. Items that were put and did not come out were in the hands of killed processes. The items of a producer came
// in order, except those that a killed or frozen consumer had ahead. PY-QUEUE-20, PY-QUEUE-22.
func TestTorture(t *testing.T) {
	kills, got, lost := 0, 0, 0
	seeds(t, []uint64{0, 1, 2, 3, 4, 5}, func(t *testing.T, seed uint64, deeds int) int {
		k, g, l := torture(t, seed, deeds)
		kills, got, lost = kills+k, got+g, lost+l
		return k
	})
	t.Logf("%d kills; %d items came out, %d were lost in the hands of killed ones, none twice, none corrupt", kills, got, lost)
}

func torture(t *testing.T, seed uint64, deeds int) (kills, got, lost int) {
	d := &drama{t: t, rnd: rand.New(rand.NewPCG(seed, 1)), dir: prog.TempDir(t), kills: make(map[string]int)}
	pick := func(from ...int) int { return from[d.rnd.IntN(len(from))] }
	if d.rnd.IntN(4) == 0 {
		t.Setenv("MP_TRANSPORT", "socket")
	}
	d.size = pick(1, 64, mixed, 5000, 100_000)
	d.spared = d.rnd.IntN(3) == 0
	d.first = must(queue.New[parcel](pick(0, 0, 1, 2, 10, 1000)))(t)
	last := d.first
	if d.rnd.IntN(2) == 0 {
		d.second = must(queue.New[parcel](pick(0, 1, 10)))(t)
		last = d.second
	}
	var mine sync.WaitGroup
	ctx, stop := context.WithCancel(background)
	owner := d.rnd.IntN(3) == 0
	if owner { // it is a consumer, too
		p := part{From: last, File: filepath.Join(d.dir, "got-owner")}
		mine.Go(func() {
			if _, err := Play.Call(background, p); err != nil {
				t.Error(err)
			}
		})
	}
	var actors sync.WaitGroup
	producers, consumers, relays := 1+d.rnd.IntN(3), 1+d.rnd.IntN(3), 1+d.rnd.IntN(2)
	for range producers {
		actors.Go(func() { d.act(ctx, "put", nil, d.first) })
	}
	d.strict = d.spared && consumers == 1 && !owner && d.second == nil
	var rest sync.WaitGroup
	if d.second != nil {
		for range relays {
			rest.Go(func() { d.act(ctx, "relay", d.first, d.second) })
		}
	}
	var end sync.WaitGroup
	for range consumers {
		end.Go(func() { d.act(ctx, "got", last, nil) })
	}
	for range deeds {
		time.Sleep(time.Duration(d.rnd.IntN(8000)) * time.Microsecond)
		d.harm()
	}
	d.closing.Store(true)
	stop()
	actors.Wait() // stop kills the producers
	d.first.Close()
	rest.Wait()
	if d.second != nil {
		d.second.Close()
	}
	end.Wait()
	mine.Wait()
	for range last.All(background) {
		t.Error("an item was left")
	}
	got, lost = d.check()
	for _, n := range d.kills {
		kills += n
	}
	t.Logf("%d producers, %d consumers, relays %v, %v, largest %d, %s: kills %v, %d got, %d lost, %d late (strict: %v)",
		producers, consumers, d.second != nil, d.first, d.size, os.Getenv("MP_TRANSPORT"), d.kills, got, lost, d.late, d.strict)
	return kills, got, lost
}

// act plays a part in one process after the other: when one is killed, the next one begins. Producers end when ctx does.
func (d *drama) act(ctx context.Context, name string, from, to *queue.Queue[parcel]) {
	for {
		d.mu.Lock()
		d.next++
		p := part{ID: d.next, From: from, To: to, Largest: d.size, File: filepath.Join(d.dir, fmt.Sprintf("%s-%d", name, d.next))}
		d.mu.Unlock()
		life := background
		if from == nil {
			life = ctx
		}
		c, err := mp.Start(life, Play, p, &mp.ProcessOptions{Name: name, KillDelay: -1})
		if err != nil {
			if from == nil && ctx.Err() != nil {
				return
			}
			if d.closing.Load() && errors.Is(err, os.ErrClosed) {
				return // there is no queue any more
			}
			if exit := (*mp.ExitError)(nil); !errors.As(err, &exit) {
				d.t.Error(err)
				return
			}
			continue // it was killed while it started
		}
		_, err = c.Result(background)
		c.Close()
		exit := (*mp.ExitError)(nil)
		switch {
		case from == nil && ctx.Err() != nil:
			return
		case errors.As(err, &exit) && exit.Signal == syscall.SIGKILL:
			continue
		case err != nil:
			d.t.Errorf("%s: %v", name, err)
		}
		return
	}
}

// harm kills or freezes one of the processes.
func (d *drama) harm() {
	all := mp.ActiveChildren()
	if len(all) == 0 {
		return
	}
	victim := all[d.rnd.IntN(len(all))]
	if d.spared && victim.Name() != "put" {
		return
	}
	if d.rnd.IntN(5) == 0 {
		freeze(victim, time.Duration(d.rnd.IntN(20))*time.Millisecond)
		return
	}
	d.mu.Lock()
	d.kills[victim.Name()]++
	d.mu.Unlock()
	victim.Kill()
}

// check compares what was put with what came out.
func (d *drama) check() (got, lost int) {
	type key struct{ producer, seq uint32 }
	came := make(map[key]bool)
	d.each("got-", func(order map[uint32]uint32, producer, seq uint32) {
		got++
		if came[key{producer, seq}] {
			d.t.Errorf("item %d of %d came out twice", seq, producer)
		}
		came[key{producer, seq}] = true
		if before, ok := order[producer]; ok && before >= seq {
			if d.late++; d.strict {
				d.t.Errorf("item %d of %d came after %d", seq, producer, before)
			}
		}
		order[producer] = seq
	})
	d.each("put-", func(_ map[uint32]uint32, producer, seq uint32) {
		if !came[key{producer, seq}] {
			lost++
		}
	})
	if hands := d.kills["relay"] + d.kills["got"]; lost > hands {
		d.t.Errorf("%d items were lost, and %d pairs of hands", lost, hands)
	}
	return got, lost
}

func (d *drama) each(prefix string, f func(order map[uint32]uint32, producer, seq uint32)) {
	files, _ := filepath.Glob(filepath.Join(d.dir, prefix+"*"))
	for _, name := range files {
		b, _ := os.ReadFile(name)
		order := make(map[uint32]uint32)
		for ; len(b) >= noteSize; b = b[noteSize:] {
			f(order, binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]))
		}
	}
}
