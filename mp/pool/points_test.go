package pool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// points maps each point of the protocol at which a worker goes wrong to the number of items that are to be blamed for that.
var points = map[string]int{
	"before ready":       0,
	"after ready":        0,
	"before its start":   0,
	"after its start":    1,
	"with a result":      1,
	"between two items":  1, // the answer to the first item has named the second as begun
	"between two chunks": 0,
	"during a cancel":    0, // the call was cancelled, which is its outcome
	"during its retreat": 0,
	"during Close":       0,
}

// villain is a worker that is honest up to a point. Then it dies, garbles or hangs.
type villain struct {
	point, how string
	done       atomic.Bool
}

type gone struct{} // the value with which a villain that leaves panics

func (v *villain) play(s *stage) {
	defer func() {
		if thrown := recover(); thrown != nil && thrown != any(gone{}) {
			panic(thrown)
		}
	}()
	v.at(s, "before ready")
	s.link.Send(link.Msg{Kind: kindReady})
	v.at(s, "after ready")
	for {
		switch m := s.recv(); m.Kind {
		case kindTask:
			h, _, _ := parseTask(m.Body)
			v.work(s, m.ID, uint64(h.count))
		case spawn.KindStop:
			v.at(s, "during its retreat")
			v.at(s, "during Close")
			return
		}
	}
}

// recv receives a message, or leaves with the link.
func (s *stage) recv() link.Msg {
	m, err := s.link.Recv()
	if err != nil {
		panic(gone{})
	}
	return m
}

func (v *villain) work(s *stage, first, count uint64) {
	v.at(s, "before its start")
	s.started(first)
	v.at(s, "after its start")
	if v.point == "during a cancel" {
		for s.recv().Kind != kindCancel {
		}
		v.at(s, "during a cancel")
	}
	for id := first; id < first+count; id++ {
		if v.point == "with a result" {
			v.at(s, "with a result")
		}
		next := id + 1
		if next == first+count {
			next = 0
		}
		s.answer(id, next, 7)
		if next != 0 {
			v.at(s, "between two items")
		}
	}
	v.at(s, "between two chunks")
}

// at makes the villain go wrong, once, if this is its point.
func (v *villain) at(s *stage, point string) {
	if v.point != point || !v.done.CompareAndSwap(false, true) {
		return
	}
	switch v.how {
	case "garbles":
		if point == "with a result" {
			s.link.Send(link.Msg{Kind: kindResult, ID: 1, Body: []byte{1, 2, 3}})
		} else {
			s.link.Send(link.Msg{Kind: 200})
		}
		fallthrough
	case "hangs":
		for {
			s.recv()
		}
	}
	panic(gone{})
}

// ways maps the kinds of calls to functions that make them, each with 6 items. An item that succeeds gives its own number, or 7
// from the villain.
var ways = map[string]func(ctx context.Context, p *Pool) (got []int, errs []error){
	"Map in a chunk": func(ctx context.Context, p *Pool) ([]int, []error) { return mapped(ctx, p, ChunkSize(6)) },
	"Map in chunks":  func(ctx context.Context, p *Pool) ([]int, []error) { return mapped(ctx, p, ChunkSize(2)) },
	"IMap": func(ctx context.Context, p *Pool) (got []int, errs []error) {
		for n, err := range IMap(ctx, p, echo, slices.Values([]int{0, 10, 20, 30, 40, 50}), Timeout(10*time.Second)) {
			got = append(got, n)
			if err != nil {
				errs = append(errs, err)
			}
		}
		return got, errs
	},
	"Submit": func(ctx context.Context, p *Pool) (got []int, errs []error) {
		var futures []*Future[int]
		for i := range 6 {
			futures = append(futures, Submit(ctx, p, echo, 10*i, Timeout(10*time.Second)))
		}
		for _, f := range futures {
			n, err := f.Wait(context.Background())
			got = append(got, n)
			if err != nil {
				errs = append(errs, err)
			}
		}
		return got, errs
	},
}

func mapped(ctx context.Context, p *Pool, opts ...CallOption) ([]int, []error) {
	got, err := Map(ctx, p, echo, []int{0, 10, 20, 30, 40, 50}, append(opts, KeepGoing(), Timeout(10*time.Second))...)
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		return got, list.Unwrap()
	} else if err != nil {
		return got, []error{err}
	}
	return got, nil
}

// A worker may die, garble or hang at each point of the protocol, during each kind of call. The call ends with the right
// results, but for an item that is to be blamed; the pool goes on; Close ends in time.
func TestPointsOfTheProtocol(t *testing.T) {
	for point, blames := range points {
		for _, how := range []string{"dies", "garbles", "hangs"} {
			for way, call := range ways {
				t.Run(fmt.Sprintf("%s %s, %s", how, point, way), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { misbehave(t, &villain{point: point, how: how}, blames, call) })
				})
			}
		}
	}
}

func misbehave(t *testing.T, v *villain, blames int, call func(context.Context, *Pool) ([]int, []error)) {
	const delay = 3 * time.Second
	cast := []func(*stage){v.play, honest}
	if v.point == "before ready" { // the first worker must be there, or there is no pool
		cast = slices.Insert(cast, 0, func(s *stage) { s.link.Send(link.Msg{Kind: kindReady}) })
	}
	p := newPool()
	p.backend, p.opts = &actor{plays: cast, delay: delay}, Options{Workers: 1, KillDelay: delay}
	if v.point == "during its retreat" {
		p.opts.MaxTasksPerWorker = 6
	}
	begin(t, p)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if v.point == "during a cancel" {
		time.AfterFunc(time.Second, cancel)
	}
	begin := time.Now()
	got, errs := call(ctx, p)
	took := time.Since(begin)
	if v.point == "during a cancel" {
		if len(errs) == 0 || !errors.Is(errs[0], context.Canceled) || took > time.Second+delay {
			t.Errorf("cancelled after a second, it gave %v after %v", errs, took)
		}
	} else {
		if !v.done.Load() {
			blames = 0 // the villain never came to its point
		}
		checkBlames(t, got, errs, blames)
		if limit := 11*time.Second + delay + time.Second; took > limit && v.point != "before ready" {
			t.Errorf("it took %v", took)
		}
	}
	if v.point != "during Close" {
		if n, err := Apply(t.Context(), p, echo, 5, Timeout(10*time.Second)); err != nil || n != 5 && n != 7 {
			t.Errorf("afterwards: %d, %v", n, err)
		}
		synctest.Wait()
		if s := p.Stats(); len(s.Workers) != 1 && v.point != "during its retreat" || s.Queued != 0 {
			t.Errorf("%+v", s)
		}
	}
	begin = time.Now()
	p.Close()
	if took := time.Since(begin); took > delay {
		t.Errorf("Close took %v", took)
	}
}

// checkBlames checks that the items are right but for those that were blamed.
func checkBlames(t *testing.T, got []int, errs []error, blames int) {
	t.Helper()
	wrong := 0
	for i, n := range got {
		if n != 10*i && n != 7 {
			wrong++
		}
	}
	if len(got) != 6 || wrong > blames || len(errs) != blames {
		t.Errorf("%v, %v", got, errs)
	}
	for _, err := range errs {
		var exit *spawn.ExitError
		if !errors.As(err, &exit) || exit.Func != "pool.echo" {
			t.Errorf("%v", err)
		}
	}
}

// Close does not wait for items that were never begun: with 10,000 items queued behind one that hangs it takes the KillDelay.
func TestCloseWithManyQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &villain{point: "after its start", how: "hangs"}
		p := newPool()
		p.backend, p.opts = &actor{plays: []func(*stage){v.play}, delay: time.Second}, Options{Workers: 1}
		begin(t, p)
		futures := make([]*Future[int], 10_000)
		for i := range futures {
			futures[i] = Submit(t.Context(), p, echo, i)
		}
		synctest.Wait()
		begin := time.Now()
		p.Close()
		if took := time.Since(begin); took != time.Second {
			t.Errorf("Close took %v", took)
		}
		for _, f := range futures {
			if _, err := f.Wait(t.Context()); !errors.Is(err, spawn.ErrClosed) {
				t.Fatal(err)
			}
		}
	})
}
