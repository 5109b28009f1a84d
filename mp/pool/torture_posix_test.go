//go:build unix

package pool_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/pool"
)

// tally counts what happened in all runs together.
type tally struct {
	runs, kills, stops, starvings, cancellations         atomic.Int64
	items, right, failed, blames, unstarted, late, again atomic.Int64
	quarantined, started, died, ended, recycled          atomic.Int64
	broken, unborn                                       atomic.Int64
}

func (c *tally) String() string {
	ended := c.right.Load() + c.failed.Load() + c.blames.Load() + c.late.Load()
	return fmt.Sprintf("%d runs, %d kills, %d stops, %d times no descriptors, %d cancellations; "+
		"%d items: %d right, %d failed as they were to, %d blamed (%d of them before their first line), %d late, %d cancelled with their call or pool; "+
		"%d retried, %d quarantined; %d workers: %d died, %d killed by the pool, %d recycled; %d pools broken, %d not born",
		c.runs.Load(), c.kills.Load(), c.stops.Load(), c.starvings.Load(), c.cancellations.Load(),
		c.items.Load(), c.right.Load(), c.failed.Load(), c.blames.Load(), c.unstarted.Load(), c.late.Load(), c.items.Load()-ended,
		c.again.Load(), c.quarantined.Load(), c.started.Load(), c.died.Load(), c.ended.Load(), c.recycled.Load(), c.broken.Load(), c.unborn.Load())
}

// torture is one run: a pool, calls of all kinds, and faults. All of it is drawn from the seed, except the moment of the run
// at which each fault comes.
type torture struct {
	t     *testing.T
	tally *tally
	dir   string
	opts  mp.PoolOptions
	pool  *mp.Pool
	long  bool

	every    time.Duration // the longest time between two faults
	starving bool          // descriptors run out now and then
	early    bool          // faults begin before the pool is there
	end      string        // how the run ends: calm, close or shutdown
	calls    []*ordeal

	closing, broken atomic.Bool
	breach          atomic.Value // the error of a pool that is broken
	stopped         atomic.Int64
	later           sync.WaitGroup // the ends of freezes (stop) that are still to come

	mu     sync.Mutex
	killed map[int]bool
	frozen []int
	late   map[int]bool      // by pid: killed at the deadline of an item that may have been slow to begin
	judged map[int][2]int    // by pid: the item that was blamed for its death, as call and number
	done   map[[2]int]string // the outcomes of items, by call and number
}

// TestTorture runs pools under faults. After each run: every item has ended once, with its right result or its right blame;
// nothing hangs, nothing is left, and the pool is whole again. By default there is a run for each of a few fixed seeds, with
// MP_TORTURE_SEED=n a run for this seed only. MP_TORTURE=n goes on with new seeds until there were n kills (make torture).
func TestTorture(t *testing.T) {
	all := &tally{}
	wanted, _ := strconv.ParseInt(os.Getenv("MP_TORTURE"), 10, 64)
	seed, err := strconv.ParseUint(os.Getenv("MP_TORTURE_SEED"), 10, 64)
	switch {
	case err == nil && wanted == 0:
		all.run(t, seed, true)
	case wanted == 0:
		for seed := uint64(6); seed < 20; seed++ {
			all.run(t, seed, false)
		}
	default:
		if err != nil {
			seed = uint64(time.Now().Unix())
		}
		all.soak(t, seed, wanted)
	}
	t.Logf("torture: %v", all)
}

// soak runs one seed after the other until there were wanted kills, and checks that this process has not grown.
func (c *tally) soak(t *testing.T, seed uint64, wanted int64) {
	begin := time.Now()
	for range 10 {
		c.run(t, seed, true) // the first runs allocate what is allocated only once
		seed++
	}
	before, files := footprint()
	for c.kills.Load() < wanted && !t.Failed() {
		c.run(t, seed, true)
		seed++
	}
	after, filesAfter := footprint()
	t.Logf("torture: %v, memory %d MiB after 10 runs, %d MiB at the end, descriptors %d and %d", time.Since(begin).Round(time.Second), before>>20, after>>20, files, filesAfter)
	if after > before+before/4+32<<20 || files != filesAfter {
		t.Errorf("this process has grown: %d MiB, then %d MiB; %d descriptors, then %d", before>>20, after>>20, files, filesAfter)
	}
}

// footprint returns what this process uses now: its resident memory, in bytes, and the number of its descriptors.
func footprint() (rss int64, files int) {
	runtime.GC()
	debug.FreeOSMemory()
	status, _ := os.ReadFile("/proc/self/status")
	if _, rest, found := strings.Cut(string(status), "VmRSS:"); found {
		fmt.Sscan(rest, &rss)
	}
	list, _ := os.ReadDir("/proc/self/fd")
	return rss << 10, len(list)
}

func (c *tally) run(t *testing.T, seed uint64, long bool) {
	t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
		leak.Check(t)
		hang := time.AfterFunc(2*time.Minute, func() {
			debug.SetTraceback("all")
			panic(fmt.Sprintf("the torture hangs with seed %d", seed))
		})
		defer hang.Stop()
		r := &torture{
			t: t, tally: c, dir: prog.TempDir(t), long: long,
			killed: make(map[int]bool), late: make(map[int]bool), judged: make(map[int][2]int), done: make(map[[2]int]string),
		}
		r.plan(seed)
		r.run(seed)
		c.runs.Add(1)
		if t.Failed() {
			t.Logf("again: MP_TORTURE_SEED=%d; options %+v, end %q", seed, r.opts, r.end)
		}
	})
}

func pick[T any](rnd *rand.Rand, from ...T) T { return from[rnd.IntN(len(from))] }

// plan draws the options, the faults and the calls of the run from the seed.
func (r *torture) plan(seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 0))
	const ms = time.Millisecond
	r.opts = mp.PoolOptions{
		Workers:           1 + rnd.IntN(6),
		MaxTasksPerWorker: pick(rnd, 0, 0, 0, 1, 2, 3, 20),
		IdleTimeout:       pick(rnd, 0, 0, 0, ms, 10*ms),
		TaskTimeout:       pick(rnd, 0, 0, 0, 30*ms, 600*ms),
		KillDelay:         pick(rnd, -1, ms, 10*ms, 50*ms),
		Retries:           pick(rnd, 0, 0, 1, 2),
		CrashRetries:      pick(rnd, 0, 0, -1, 1, 3),
		InitTimeout:       3000 * ms,
		Stderr:            pick[io.Writer](rnd, io.Discard, io.Discard, slowly{ms / 10}),
	}
	if rnd.IntN(4) == 0 {
		r.opts.MaxMemoryPerWorker = 48 << 20
	}
	r.opts.Init = Sulky.With(sulk{r.dir, seed, r.opts.Workers, rnd.IntN(3) == 0})
	r.early = rnd.IntN(10) == 0
	r.starving = rnd.IntN(4) == 0
	r.every = pick(rnd, 2*ms, 4*ms) // run multiplies it by the milliseconds that a start takes, so that some workers come up
	r.end = pick(rnd, "calm", "calm", "close", "shutdown")
	count := 6 + rnd.IntN(6)
	if r.long {
		count *= 4
	}
	for n := range count {
		r.calls = append(r.calls, r.draw(rnd, n))
	}
}

// draw draws a call.
func (r *torture) draw(rnd *rand.Rand, number int) *ordeal {
	const ms = time.Millisecond
	o := &ordeal{number: number, kind: pick(rnd, "Map", "Map", "Map, failfast", "IMap", "IMapUnordered", "Apply", "Submit"), limit: r.opts.TaskTimeout}
	count := 1 + rnd.IntN(pick(rnd, 10, 100))
	if o.kind == "Apply" {
		count = 1 + count/10
	}
	retries, deaths := r.opts.Retries, r.opts.CrashRetries
	if rnd.IntN(3) == 0 {
		retries, deaths = rnd.IntN(3), rnd.IntN(3)
		o.opts = append(o.opts, mp.Retries(retries), pool.CrashRetries(deaths))
		if deaths == 0 {
			deaths = -1
		}
	}
	if deaths == 0 {
		deaths = retries
	}
	o.tries = 1 + retries + max(deaths, 0)
	if rnd.IntN(2) == 0 {
		o.opts = append(o.opts, mp.ChunkSize(1+rnd.IntN(20)))
	}
	if rnd.IntN(8) == 0 {
		o.limit = pick(rnd, 20*ms, 300*ms)
		o.opts = append(o.opts, mp.Timeout(o.limit))
	}
	if rnd.IntN(5) == 0 {
		o.cancel = time.Duration(1 + rnd.Int64N(int64(40*ms)))
	}
	if rnd.IntN(6) == 0 {
		o.leave = 1 + rnd.IntN(count)
	}
	o.nap = pick(rnd, 0, 0, 0, ms)
	for i := range count {
		d := deed{Call: number, N: i + 1, For: time.Duration(rnd.Int64N(int64(pick(rnd, ms/10, ms, 3*ms))))}
		switch n := rnd.IntN(400); {
		case n < 25:
			if d.What = faulty[rnd.IntN(len(faulty))]; d.What == "bad argument" {
				d.Any = func() {}
			}
		case n < 30:
			d.Size = pick(rnd, 100<<10, 1<<20, 8<<20)
		case n == 30 && r.long:
			d.Size = 64 << 20
		case n < 40 && (o.limit > 0 || o.cancel > 0 || o.kind == "Submit"):
			d.What = pick(rnd, unending...)
		}
		o.deeds = append(o.deeds, d)
	}
	return o
}

// run carries out the plan.
func (r *torture) run(seed uint64) {
	if full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0); err == nil {
		defer full.Close()
		r.opts.Stdout = full
	}
	before := r.tally.cancellations.Load()
	stop := make(chan struct{})
	tormented := make(chan struct{})
	torment := func() {
		defer close(tormented)
		r.torment(rand.New(rand.NewPCG(seed, 1)), stop)
	}
	if r.early {
		go torment() // before there is a pool, so that faults meet its first workers, too
	}
	begin := time.Now()
	p, err := mp.NewPool(context.Background(), &r.opts)
	if err != nil {
		close(stop)
		if !r.early {
			r.t.Fatal(err)
		}
		<-tormented
		r.thaw()
		r.tally.unborn.Add(1)
		return
	}
	if r.early { // torment reads r.pool: it must not run while that is set
		close(stop)
		<-tormented
		stop, tormented = make(chan struct{}), make(chan struct{})
	}
	r.pool = p
	r.every *= min(max(time.Since(begin)/time.Millisecond, 3), 100)
	go torment()
	r.callAll(rand.New(rand.NewPCG(seed, 2)))
	quiet := func() {
		close(stop)
		<-tormented
		r.thaw()
	}
	calm := r.end == "calm"
	if calm {
		quiet()
		r.awaitWhole()
		r.closing.Store(true)
	}
	if err := p.Close(); err != nil && !r.broken.Load() {
		r.t.Errorf("Close: %v", err)
	}
	if !calm { // the faults go on until the pool has ended
		quiet()
	}
	s := p.Stats()
	r.tally.started.Add(int64(s.Started))
	r.tally.died.Add(int64(s.Died))
	r.tally.ended.Add(int64(s.Killed))
	r.tally.recycled.Add(int64(s.Recycled))
	r.tally.again.Add(int64(s.Retried))
	if r.broken.Load() {
		r.tally.broken.Add(1)
		r.t.Logf("broken, of %d: %v", r.opts.Workers, r.breach.Load())
	}
	r.settle(s.Killed + int(r.tally.cancellations.Load()-before))
}

// callAll makes the calls, three at a time; it may end the pool while they go on.
func (r *torture) callAll(rnd *rand.Rand) {
	var calls sync.WaitGroup
	next := make(chan *ordeal)
	for range 3 {
		calls.Go(func() {
			for o := range next {
				r.play(o)
			}
		})
	}
	stopAt := rnd.IntN(len(r.calls))
	for i, o := range r.calls {
		next <- o
		if i == stopAt && r.end != "calm" {
			r.closing.Store(true)
			calls.Go(func() {
				if r.end == "close" {
					r.pool.Close()
				} else if err := r.pool.Shutdown(context.Background()); err != nil && !errors.Is(err, pool.ErrBroken) {
					r.t.Errorf("Shutdown: %v", err)
				}
			})
		}
	}
	close(next)
	calls.Wait()
}

// awaitWhole waits until all workers are there again, unless idle ones may leave, and checks that the pool works and has no
// items left.
func (r *torture) awaitWhole() {
	whole := func() bool {
		_, err := mp.Map(context.Background(), r.pool, Square, nil) // fails if the pool has given up
		return len(r.pool.Stats().Workers) == r.opts.Workers || r.opts.IdleTimeout > 0 || r.brokenBy(err)
	}
	for begin := time.Now(); !whole(); time.Sleep(time.Millisecond) {
		if time.Since(begin) > 30*time.Second {
			r.t.Errorf("%d of %d workers: %+v", len(r.pool.Stats().Workers), r.opts.Workers, r.pool.Stats())
			return
		}
	}
	opts := []mp.CallOption{mp.Retries(1)}
	if r.opts.TaskTimeout > 0 { // of some milliseconds, which a busy machine may use up; without one, items travel in rows
		opts = append(opts, mp.Timeout(time.Minute))
	}
	got, err := mp.Map(context.Background(), r.pool, Square, numbers(100), opts...)
	if !r.brokenBy(err) && (err != nil || !slices.Equal(got[:4], []int{0, 1, 4, 9}) || got[99] != 99*99) {
		r.t.Errorf("afterwards: %v", err)
	}
	if s := r.pool.Stats(); s.Queued != 0 {
		r.t.Errorf("%d items are left in the pool", s.Queued)
	}
}
