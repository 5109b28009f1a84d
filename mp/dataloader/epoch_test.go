package dataloader

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// simulation runs an epoch without processes: its workers are only ids.
type simulation struct {
	*epoch
	t      *testing.T
	rand   *rand.Rand
	left   int // batches that the sampler still has
	size   int
	serial uint64
	ups    []int        // dead workers, which may come up again
	kills  map[int]bool // samples that kill their worker; −1: no worker notes which sample it is at
	held   []*task
	got    [][]int
}

func newSimulation(t *testing.T, seed uint64, workers, prefetch int, order Order, policy Policy) *simulation {
	s := &simulation{
		t: t, rand: rand.New(rand.NewPCG(seed, 0)), left: 30, size: 4, kills: make(map[int]bool),
		epoch: &epoch{
			prefetch: prefetch, order: order, policy: policy, crashes: 1, seats: make([]seat, workers),
			record: &record{crashes: make(map[int]int), bad: make(map[int]*SampleError), stats: new(Stats)},
		},
	}
	for id := range workers {
		s.ready(id)
	}
	return s
}

// step makes the next event happen, and returns false if the epoch is over.
func (s *simulation) step() bool {
	for s.wants() {
		if s.left == 0 {
			s.all = true
			break
		}
		s.left--
		from := s.drawn * s.size
		s.add([]int{from, from + 1, from + 2, from + 3})
	}
	s.assign(func(id int, t *task) {
		s.serial++
		t.serial = s.serial
	})
	if t := s.next(); t != nil {
		s.got = append(s.got, t.indices)
		if t.err != nil {
			return false
		}
		s.shut(t)
		s.held = append(s.held, t)
		return true
	}
	if s.over() {
		return false
	}
	busy := s.busy()
	switch n := s.rand.IntN(10); {
	case len(s.held) > 0:
		s.vacate(s.held[0])
		s.held = s.held[1:]
	case len(s.ups) > 0 && (n < 3 || len(busy) == 0):
		s.ready(s.ups[0])
		s.ups = s.ups[1:]
	case len(busy) == 0:
		s.t.Fatal("nothing can happen any more")
	default:
		s.reply(busy[s.rand.IntN(len(busy))], n)
	}
	return true
}

func (s *simulation) busy() (ids []int) {
	for id := range s.seats {
		if len(s.seats[id].out) > 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

// reply makes a worker answer its first order, or die.
func (s *simulation) reply(id, n int) {
	t := s.seats[id].out[0]
	for position, i := range t.trying() {
		if s.kills[i] {
			if s.kills[-1] {
				position = whole
			}
			s.die(id, atWork(t.serial, position))
			return
		}
	}
	if n == 9 && t.stalls < mostStalls {
		s.die(id, 0)
		return
	}
	m := &member{id: id}
	if s.came(t, m, &reply{Samples: len(t.trying())}) != (t.owner != nil) {
		s.t.Error("it says the wrong thing")
	}
}

func (s *simulation) die(id int, word uint64) {
	s.died(id, word, fault{died: true, err: errors.New("dead")})
	s.ups = append(s.ups, id)
}

func (s *simulation) run() {
	for n := 0; s.step(); n++ {
		if n > 10_000 {
			s.t.Fatal("it does not end")
		}
		open := 0
		for i := range s.seats {
			open += len(s.seats[i].out) + s.seats[i].held
			if len(s.seats[i].out)+s.seats[i].held > s.prefetch {
				s.t.Fatal("a worker is too far ahead")
			}
		}
		if len(s.open) > len(s.seats)*s.prefetch || open > len(s.seats)*s.prefetch {
			s.t.Fatal("too many batches")
		}
	}
}

// Whatever the workers do, each sample that kills no worker is yielded once, in order if Order says so. The samples that kill are
// quarantined, and the epoch never hangs.
func TestSchedule(t *testing.T) {
	for seed := range uint64(300) {
		workers, prefetch := 1+int(seed)%5, 1+int(seed/5)%3
		for _, ahead := range []int{0, 2, unbounded} {
			s := newSimulation(t, seed, workers, prefetch, Order{ahead}, Skip)
			var want []int
			bad := []int{int(seed) % 120, int(seed*7) % 120, 50, 51, 52, 53}
			for _, i := range bad {
				s.kills[i] = true
			}
			s.kills[-1] = seed%2 == 0
			for i := range 120 {
				if !s.kills[i] {
					want = append(want, i)
				}
			}
			s.run()
			got := slices.Concat(s.got...)
			if ahead != 0 {
				slices.Sort(got)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("seed %d: got %v, without %v", seed, s.got, bad)
			}
			if n := len(s.record.bad); n != 120-len(want) || s.record.stats.Skipped != n {
				t.Fatalf("seed %d: %d are quarantined, %d left out", seed, n, s.record.stats.Skipped)
			}
		}
	}
}

// With Fail, the batches before the error are yielded, and none after it.
func TestScheduleFails(t *testing.T) {
	for seed := range uint64(100) {
		s := newSimulation(t, seed, 3, 2, InOrder(), Fail)
		s.kills[41] = true
		s.run()
		if len(s.got) != 11 {
			t.Fatal(s.got)
		}
		if e := s.record.bad[41]; e == nil || e.Index != 41 || e.Batch != 10 || e.Attempts != 2 || !errors.Is(e, ErrQuarantined) {
			t.Fatalf("%+v", e)
		}
	}
}

func TestStateOfAnEpoch(t *testing.T) {
	s := newSimulation(t, 1, 2, 3, Unordered(), Skip)
	for len(s.got) < 10 {
		s.step()
	}
	state := s.state()
	rest := newSimulation(t, 2, 4, 1, Unordered(), Skip)
	rest.restore(&state)
	rest.left -= state.Delivered
	rest.run()
	all := slices.Concat(append(s.got, rest.got...)...)
	slices.Sort(all)
	for i := range 120 {
		if all[i] != i {
			t.Fatalf("%+v: %v", state, all)
		}
	}
}

func TestAtWork(t *testing.T) {
	for _, position := range []int{whole, 0, 5, 1 << 20} {
		for _, serial := range []uint64{1, 77, 1<<32 + 5} {
			if s, p := begun(atWork(serial, position)); s != uint32(serial) || p != position {
				t.Error(serial, position, s, p)
			}
		}
	}
}

func TestSampleErrorText(t *testing.T) {
	err := (&spawn.Failure{}).Remote("f", -1, "w", 1)
	const failed = "f failed in w (pid 1): "
	for want, e := range map[string]*SampleError{
		"mp: sample 3 of d (batch 1): " + failed: {Dataset: "d", Index: 3, Batch: 1, Err: err},
		"mp: sample 3 of d (batch 1) was not ready in time and is quarantined after 3 attempts: " + failed: {
			Dataset: "d", Index: 3, Batch: 1, Err: err, late: true, quarantined: true, Attempts: 3,
		},
		"mp: batch 1 of d (samples 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 … 20 in all): " + failed: {Dataset: "d", Index: -1, Batch: 1, Err: err, Indices: make([]int, 20)},
	} {
		if got := e.Error(); got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	}
}

// A batch that was yielded ahead of its turn stays in the State, even when it is the next one in order.
func TestStateKnowsWhatIsNext(t *testing.T) {
	s := newSimulation(t, 1, 1, 1, Unordered(), Fail)
	s.restore(&State{Delivered: 2, Ahead: []int{3}})
	for len(s.got) == 0 {
		s.step()
	}
	if state := s.state(); state.Delivered != 3 || !slices.Equal(state.Ahead, []int{3}) {
		t.Errorf("%+v", state)
	}
}

// A sample that is already quarantined fails a later batch, or with Skip is left out of it. The error names that batch, and the
// error of the quarantine does not change.
func TestQuarantinedIsMissingFromItsBatch(t *testing.T) {
	for _, policy := range []Policy{Fail, Skip} {
		s := newSimulation(t, 1, 1, 1, InOrder(), policy)
		known := &SampleError{Index: 5, Batch: 17, Indices: []int{5, 99}, quarantined: true, skipped: policy == Skip}
		s.record.bad[5] = known
		s.add([]int{0, 1})
		s.add([]int{4, 5})
		told := s.open[1].err
		if policy == Skip {
			told = s.open[1].without[0]
		}
		var e *SampleError
		if !errors.As(told, &e) || e.Batch != 1 || !slices.Equal(e.Indices, []int{4, 5}) || e.Index != 5 || known.Batch != 17 {
			t.Errorf("%v: %+v", policy, e)
		}
	}
}

// A sample that was late has all its retries again in the next epoch. The deaths that it caused still count, since it was not got.
func TestLateStrikesEndWithTheError(t *testing.T) {
	s := newSimulation(t, 1, 1, 1, InOrder(), Skip)
	s.retries = 1
	s.record.crashes[0] = 1
	for range 2 {
		s.add([]int{0, 1})
		task := s.open[len(s.open)-1]
		s.queue = nil
		for attempt := range 2 {
			s.blame(task, fault{position: 0, late: true, err: errors.New("late")})
			if left := len(task.indices) == 1; left != (attempt == 1) {
				t.Errorf("attempt %d: %v are left", attempt, task.indices)
			}
		}
	}
	if was := s.record.crashes[0]; was != 1 {
		t.Errorf("%d crashes", was)
	}
}
