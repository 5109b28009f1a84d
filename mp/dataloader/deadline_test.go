package dataloader

import (
	"errors"
	"math"
	"os"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/process"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
)

func TestDeadline(t *testing.T) {
	start := time.Unix(0, 0)
	after := func(d time.Duration) time.Time { return start.Add(d) }
	const ms = time.Millisecond
	short, patient := bounds{kill: 50 * ms}, bounds{kill: 3 * time.Second}
	const limit = 100 * ms
	const never = time.Duration(math.MaxInt64)
	for _, c := range []struct {
		what string
		d    deadline
		at   time.Time
	}{
		{"Timeout and KillDelay", short.answer(1, limit, start), after(150 * ms)},
		{"no Timeout", short.answer(1, 0, start), time.Time{}},
		{"InitTimeout and KillDelay", bounds{init: 200 * ms, kill: 50 * ms}.up(start), after(250 * ms)},
		{"a Timeout for ever", short.answer(1, never, start), after(never)},
		{"an InitTimeout for ever", bounds{init: never, kill: 50 * ms}.up(start), after(never)},
		{"a KillDelay for ever", bounds{kill: never}.answer(1, limit, start), after(never)},
		{"an InitTimeout, a KillDelay for ever", bounds{init: 200 * ms, kill: never}.up(start), after(never)},
		{"called off, a Timeout for ever", short.drop(short.answer(1, never, start), 2, after(10*ms)), after(1010 * ms)},
		{"called off when idle", short.drop(deadline{}, 2, after(10*ms)), after(1010 * ms)},
		{"called off, a long KillDelay", patient.drop(deadline{}, 2, after(10*ms)), after(3010 * ms)},
		{"called off in time", short.drop(short.answer(1, limit, start), 2, after(99*ms)), after(1099 * ms)},
		{"called off too late", short.drop(short.answer(1, limit, start), 2, after(101*ms)), after(150 * ms)},
		{"called off without a Timeout", short.drop(short.answer(1, 0, start), 2, after(time.Hour)), after(time.Hour + time.Second)},
		{"twice", short.drop(short.drop(deadline{}, 2, start), 3, after(900*ms)), after(1000 * ms)},
		{"twice, the first time too late", short.drop(short.drop(short.answer(1, limit, start), 2, after(120*ms)), 3, after(130*ms)), after(150 * ms)},
	} {
		if !c.d.at.Equal(c.at) {
			t.Errorf("%s: at %v, not %v", c.what, c.d.at.Sub(start), c.at.Sub(start))
		}
		if c.d.at.IsZero() != (c.d.why == "") {
			t.Errorf("%s: why is %q", c.what, c.d.why)
		}
	}
	if d := short.drop(short.drop(deadline{}, 2, start), 3, start); d.serial != 3 || !d.off {
		t.Errorf("%+v: it answers the last order to drop all", d)
	}
}

// overdue returns a core with one worker. The worker has the orders 1 and 2, and its time for order 1 is over. word is what the
// worker says it is at.
func overdue(t *testing.T, word uint64) (*core, *member, [2]*task) {
	t.Helper()
	atWork, err := sharedmem.NewValue(word)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { atWork.Close() })
	c := &core{opts: Options{Timeout: time.Hour, KillDelay: -1}}
	m := &member{up: true, atWork: atWork, loans: newLoans(2), process: new(process.Process[exitReport])}
	m.due = c.opts.bounds().answer(1, time.Hour, time.Now().Add(-2*time.Hour))
	c.record = record{crashes: make(map[int]int), bad: make(map[int]*SampleError), stats: &c.stats}
	tasks := [2]*task{{indices: []int{10}, serial: 1, limit: time.Hour}, {number: 1, indices: []int{20}, serial: 2, limit: time.Hour}}
	c.members = []*member{m}
	c.epoch = &epoch{record: &c.record, seats: []seat{{ready: true, out: tasks[:]}}, open: tasks[:], policy: Skip, prefetch: 2}
	t.Cleanup(func() {
		if m.timer != nil {
			m.timer.Stop()
		}
	})
	return c, m, tasks
}

// A worker that is at the next order when its time is over has answered the first one. It gets the time of the next order.
func TestAnswerOnItsWay(t *testing.T) {
	c, m, _ := overdue(t, atWork(2, 0))
	c.expire(m)
	if m.overdue != nil || m.due.serial != 2 || time.Until(m.due.at) <= 0 {
		t.Errorf("%+v, overdue %v", m.due, m.overdue)
	}
}

// A worker that was at nothing when its time was over, and has begun an order since, gets the time of that order from then on, but
// only once.
func TestBegunSinceTheFirstLook(t *testing.T) {
	c, m, _ := overdue(t, 0)
	c.expire(m)
	m.atWork.Store(atWork(1, 0))
	c.expire(m)
	if m.overdue != nil || m.due.serial != 1 || time.Until(m.due.at) <= 0 {
		t.Errorf("%+v, overdue %v", m.due, m.overdue)
	}
	m.due.at = time.Now()
	c.expire(m)
	if m.overdue == nil || *m.overdue != atWork(1, 0) {
		t.Errorf("%+v, overdue %v", m.due, m.overdue)
	}
}

// When a worker is killed because an order is late, that order's sample is blamed, not the one that the worker has begun since.
func TestLateBlamesWhatWasLate(t *testing.T) {
	c, m, _ := overdue(t, atWork(2, 0))
	was := atWork(1, 0)
	m.overdue = &was
	c.members[0] = nil
	c.lost(m, errors.New("dead"))
	if len(c.record.bad) != 1 || c.record.bad[10] == nil {
		t.Errorf("quarantined are %v", c.record.bad)
	}
}

// If the late answer of a worker comes before the worker is dead, no sample is blamed.
func TestLateAnswerBlamesNobody(t *testing.T) {
	c, m, tasks := overdue(t, atWork(2, 0))
	was := atWork(1, 0)
	m.overdue = &was
	c.epoch.came(tasks[0], m, &reply{Samples: 1})
	c.members[0] = nil
	c.lost(m, errors.New("dead"))
	if len(c.record.bad) != 0 || len(c.record.crashes) != 0 || tasks[1].stalls != 0 || len(c.epoch.queue) != 1 {
		t.Errorf("%+v, %+v", c.record, tasks[1])
	}
}

// If a worker was killed for a reply that cannot be true, no sample is blamed.
func TestDistrustBlamesNobody(t *testing.T) {
	c, m, tasks := overdue(t, atWork(1, 0))
	m.distrusted = true
	c.members[0] = nil
	c.lost(m, os.ErrInvalid)
	if len(c.record.bad) != 0 || len(c.record.crashes) != 0 || tasks[0].stalls != 0 || len(c.epoch.queue) != 2 {
		t.Errorf("%+v, %+v", c.record, tasks[0])
	}
}

// A worker that was called off, and dies at an order of the next epoch, has lost at most the time since then, also if a reply from
// before that has come meanwhile.
func TestLostSinceCalledOff(t *testing.T) {
	for _, reply := range []bool{false, true} {
		c, m, _ := overdue(t, atWork(1, 0))
		c.members[0] = nil
		began := time.Now()
		m.due = c.opts.bounds().drop(m.due, 3, began)
		if reply {
			c.expectNext(m)
		}
		c.lost(m, os.ErrInvalid)
		if lost := c.stats.Lost; lost > time.Since(began) || c.stats.Deaths != 1 {
			t.Errorf("after a reply: %v: %v is lost, %d deaths", reply, lost, c.stats.Deaths)
		}
	}
}

// The limit of an order includes a Timeout for every batch that the worker passes by first.
func TestOrderLimit(t *testing.T) {
	for _, c := range []struct {
		o    order
		want time.Duration
	}{
		{order{}, time.Hour},
		{order{Count: 4, FastForward: 8}, time.Hour},
		{order{Count: 4, Fresh: true}, time.Hour},
		{order{Count: 4, Fresh: true, FastForward: 8}, 3 * time.Hour},
		{order{Count: 4, Fresh: true, FastForward: 9}, 4 * time.Hour},
	} {
		if got := c.o.limit(time.Hour); got != c.want {
			t.Errorf("%+v: %v", c.o, got)
		}
		if c.o.limit(0) != 0 {
			t.Errorf("%+v: there is a limit", c.o)
		}
	}
	far := order{Count: 1, Fresh: true, FastForward: math.MaxInt}
	for _, timeout := range []time.Duration{1, time.Hour, math.MaxInt64} {
		if far.limit(timeout) < timeout {
			t.Errorf("%v becomes %v", timeout, far.limit(timeout))
		}
	}
}
