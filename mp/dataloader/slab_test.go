package dataloader

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
)

// slabBatch has slices that were made in different ways.
type slabBatch struct {
	Number int
	Pixels []float32           // by Alloc
	Labels []int64             // by Alloc
	Thumbs []uint8             // a part of a slice from Alloc
	Masks  map[string][]uint16 // by make, and large
	Sizes  []int               // by make, and small
	Names  []string
}

// newSlabBatch returns a batch whose contents depend on number and size only. ctx says where its memory is.
func newSlabBatch(ctx context.Context, number, size int) *slabBatch {
	b := &slabBatch{
		Number: number, Pixels: Alloc[float32](ctx, size), Labels: Alloc[int64](ctx, 3), Thumbs: Alloc[uint8](ctx, 100)[10:20:30],
		Masks: map[string][]uint16{"a": make([]uint16, 3000), "b": nil}, Sizes: []int{number}, Names: []string{"x"},
	}
	for i := range b.Pixels {
		b.Pixels[i] = float32(number + i)
	}
	for i := range b.Labels {
		b.Labels[i] = int64(-number)
	}
	for i := range b.Thumbs {
		b.Thumbs[i] = uint8(number)
	}
	for i := range b.Masks["a"] {
		b.Masks["a"][i] = uint16(number)
	}
	return b
}

var slabCodec = sync.OnceValue(func() *wire.Codec[slabBatch] {
	c, err := wire.Compile[slabBatch]()
	if err != nil {
		panic(err)
	}
	return c
})

// slabOrder and slabReply are orders and replies, reduced to what concerns slabs.
type (
	slabOrder struct{ Slab, Number, Size int }
	slabReply struct {
		Number int
		News   slabNews
		Body   []byte
	}
)

type slabEnds struct {
	Index *queue.Queue[slabOrder]
	Data  *queue.Queue[slabReply]
	Slabs int
}

func newSlabEnds(t testing.TB, slabs int) *slabEnds {
	t.Helper()
	index, err1 := mp.NewQueue[slabOrder](0)
	data, err2 := mp.NewQueue[slabReply](0)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		index.Close()
		for range index.All(context.Background()) { // a closed queue is freed once it is empty
		}
		data.Close()
		for r, err := range data.All(context.Background()) { // replies that the test did not receive have segments, too
			if err != nil {
				t.Error(err)
			}
			r.News.close()
		}
	})
	return &slabEnds{index, data, slabs}
}

// work is the loop of a worker.
func (e *slabEnds) work(ctx context.Context) error {
	own := newSlabs(e.Slabs)
	defer own.close()
	var out wire.Buffer
	for {
		o, err := e.Index.Get(ctx)
		if errors.Is(err, mp.ErrClosed) {
			return nil
		} else if err != nil {
			return err
		}
		a := own.begin(o.Slab)
		b := newSlabBatch(withArena(ctx, a), o.Number, o.Size)
		out.Reset()
		out.Place = a.place
		err = slabCodec().Encode(&out, b)
		news := own.end()
		if err == nil {
			err = e.Data.Put(ctx, slabReply{o.Number, news, out.Data})
		}
		if err != nil {
			return err
		}
	}
}

var slabWorker = mp.Register("dataloader.test.slabs", func(ctx context.Context, e *slabEnds) (int, error) { return 0, e.work(ctx) })

// close unmaps all slabs. A worker of a loader need not do that, because its process ends.
func (s *slabs) close() {
	s.end()
	for i := range s.all {
		s.all[i].close()
	}
}

// slabPeers runs the test with the worker's end in a goroutine and in a process.
func slabPeers(t *testing.T, slabs int, test func(t *testing.T, e *slabEnds)) {
	t.Run("goroutine", func(t *testing.T) {
		leak.Check(t)
		e := newSlabEnds(t, slabs)
		done := make(chan error, 1)
		go func() { done <- e.work(t.Context()) }()
		test(t, e)
		e.Index.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Run("process", func(t *testing.T) {
		leak.Check(t)
		e := newSlabEnds(t, slabs)
		p, err := mp.Start(t.Context(), slabWorker, e, nil)
		if err != nil {
			t.Fatal(err)
		}
		test(t, e)
		e.Index.Close()
		if _, err := p.Result(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func (e *slabEnds) order(t testing.TB, l *loans, number, size int) {
	t.Helper()
	i, ok := l.lend()
	if !ok {
		t.Fatal("no slab is free")
	}
	if err := e.Index.Put(t.Context(), slabOrder{i, number, size}); err != nil {
		t.Fatal(err)
	}
}

// next waits for the next reply, and returns its batch as a view or a copy.
func (e *slabEnds) next(t testing.TB, l *loans, view bool) (batch slabBatch, r slabReply) {
	t.Helper()
	r, err := e.Data.Get(t.Context())
	if err == nil {
		err = l.adopt(r.News.Slab, r.News)
	}
	if err == nil {
		batch, err = readBatch(l, r.News.Slab, slabCodec(), r.Body, nil, view)
	}
	if err != nil {
		t.Fatal(err)
	}
	return batch, r
}

func sameBatch(t *testing.T, got *slabBatch, number, size int) {
	t.Helper()
	if want := newSlabBatch(t.Context(), number, size); !reflect.DeepEqual(got, want) {
		t.Fatalf("batch %d of %d is not what was sent", number, size)
	}
	if n := cap(got.Thumbs); n != len(got.Thumbs) {
		t.Errorf("a slice of %d has room for %d", len(got.Thumbs), n)
	}
}

// held returns how many bytes the segments of all slabs have.
func (l *loans) held() (bytes int) {
	for i := range l.slabs {
		for _, m := range l.slabs[i].segments {
			bytes += m.Size()
		}
	}
	return bytes
}

// Batches arrive whole, whatever their sizes, as copies and as views.
func TestSlabs(t *testing.T) {
	const slabs = 3
	for _, view := range []bool{false, true} {
		t.Run(map[bool]string{false: "copy", true: "view"}[view], func(t *testing.T) {
			slabPeers(t, slabs, func(t *testing.T, e *slabEnds) {
				l := newLoans(slabs)
				l.poisons = true
				defer l.end()
				sizes := make([]int, 60)
				for i := range sizes {
					sizes[i] = 1 + rand.IntN(500*(i+1))
				}
				kept := make([]slabBatch, 0, len(sizes))
				for i := range slabs - 1 {
					e.order(t, l, i, sizes[i])
				}
				for i, size := range sizes {
					if ahead := i + slabs - 1; ahead < len(sizes) {
						e.order(t, l, ahead, sizes[ahead])
					}
					batch, r := e.next(t, l, view)
					sameBatch(t, &batch, i, size)
					if len(r.Body) > 300 {
						t.Errorf("%d bytes were sent", len(r.Body))
					}
					kept = append(kept, batch)
					l.giveBack(r.News.Slab)
				}
				for i := range kept {
					if !view {
						sameBatch(t, &kept[i], i, sizes[i])
					}
				}
			})
		})
	}
}

// After a few batches of one size, the slabs get no new segments, and are not much larger than the batches.
func TestSlabsStay(t *testing.T) {
	const slabs, size = 2, 40_000
	slabPeers(t, slabs, func(t *testing.T, e *slabEnds) {
		l := newLoans(slabs)
		defer l.end()
		for i := range 10 {
			e.order(t, l, i, size)
			e.order(t, l, i, size)
			for range slabs {
				batch, r := e.next(t, l, true)
				sameBatch(t, &batch, i, size)
				if i > 2 && (len(r.News.Fresh) > 0 || r.News.Retire) {
					t.Errorf("batch %d has %d new segments", i, len(r.News.Fresh))
				}
				l.giveBack(r.News.Slab)
			}
		}
		if held, most := l.held(), slabs*(4*size*5/4+1<<16); held > most {
			t.Errorf("%d bytes are held, more than %d", held, most)
		}
	})
}

// A view stays readable after the death of the worker that made it, until its slab is given back.
func TestSlabOfDeadWorker(t *testing.T) {
	leak.Check(t)
	e := newSlabEnds(t, 2)
	p, err := mp.Start(t.Context(), slabWorker, e, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := newLoans(2)
	e.order(t, l, 1, 5000)
	e.order(t, l, 2, 5000)
	batch, r := e.next(t, l, true)
	late, err := e.Data.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	l.end()
	if err := l.adopt(late.News.Slab, late.News); !errors.Is(err, mp.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if _, ok := l.lend(); ok {
		t.Error("a slab goes to a dead worker")
	}
	sameBatch(t, &batch, 1, 5000)
	l.giveBack(r.News.Slab)
	if n := l.held(); n != 0 {
		t.Errorf("%d bytes are left", n)
	}
}

// Whenever a worker is killed, the batches that it sent before are whole, and no memory of its slabs is left.
func TestSlabsKilled(t *testing.T) {
	leak.Check(t)
	for range 10 {
		e := newSlabEnds(t, 3)
		p, err := mp.Start(t.Context(), slabWorker, e, nil)
		if err != nil {
			t.Fatal(err)
		}
		l := newLoans(3)
		after := rand.IntN(20)
		for i := range 100 {
			if i == after {
				time.AfterFunc(rand.N(2*time.Millisecond), func() { _ = p.Kill() })
			}
			if i < 3 {
				e.order(t, l, i, 100+1000*i)
				continue
			}
			ctx, cancel := context.WithCancel(t.Context())
			go func() { // end the wait if the worker dies: no reply comes after that
				select {
				case <-p.Done():
					cancel()
				case <-ctx.Done():
				}
			}()
			r, err := e.Data.Get(ctx)
			cancel()
			if err != nil {
				break
			}
			if err := l.adopt(r.News.Slab, r.News); err != nil {
				t.Fatal(err)
			}
			batch, err := readBatch(l, r.News.Slab, slabCodec(), r.Body, nil, i%2 == 0)
			if err != nil {
				t.Fatal(err)
			}
			sameBatch(t, &batch, i-3, 100+1000*(i-3))
			l.giveBack(r.News.Slab)
			e.order(t, l, i, 100+1000*i)
		}
		_ = p.Kill()
		<-p.Done()
		l.end()
		if n := l.held(); n != 0 {
			t.Errorf("%d bytes are left", n)
		}
	}
}

// When orders are called off, replies to them may still arrive and are declined. The batches of later orders are whole.
func TestSlabsWithdrawn(t *testing.T) {
	const slabs = 3
	slabPeers(t, slabs, func(t *testing.T, e *slabEnds) {
		l := newLoans(slabs)
		defer l.end()
		size := func(number int) int { return 100 + number*number%7*5000 }
		late := 0
		for first := 0; first < 40*slabs; first += slabs {
			for i := range slabs {
				e.order(t, l, first+i, size(first+i))
			}
			for i := range rand.IntN(slabs + 1) {
				r, err := e.Data.Get(t.Context())
				for ; err == nil && r.Number < first; r, err = e.Data.Get(t.Context()) {
					late++
					if err := l.decline(r.News); err != nil {
						t.Fatal(err)
					}
				}
				if err == nil {
					err = l.adopt(r.News.Slab, r.News)
				}
				batch, errRead := readBatch(l, r.News.Slab, slabCodec(), r.Body, nil, true)
				if err := errors.Join(err, errRead); err != nil {
					t.Fatal(err)
				}
				sameBatch(t, &batch, first+i, size(first+i))
				l.giveBack(r.News.Slab)
			}
			l.withdraw()
		}
		if late == 0 {
			t.Error("no reply was late")
		}
	})
}

// After a batch was given up, because of a panic for example, the news of the next batch still has the segments that were new in
// the first one.
func TestSlabGivenUp(t *testing.T) {
	own, a, ctx := newArena(t)
	lost := Alloc[byte](ctx, 100)
	own.begin(0)
	if a.alloc(1) != nil {
		t.Error("a batch that was given up gets memory")
	}
	if own.now.alloc(50_000); len(own.all[0].segments) != 1 || len(lost) != 100 {
		t.Errorf("%d segments", len(own.all[0].segments))
	}
	own.now.alloc(100_000)
	if news := own.end(); len(news.Fresh) != 2 || !news.Retire {
		t.Errorf("got %v", news)
	}
	if news := own.end(); !reflect.DeepEqual(news, slabNews{}) {
		t.Errorf("got %v of no batch", news)
	}
	own.begin(0).alloc(100_000)
	if news := own.end(); len(news.Fresh) != 1 || news.Retire {
		t.Errorf("got %v", news)
	}
}

// newArena returns the slabs of a worker, the arena of a batch in them, and a ctx with that arena.
func newArena(t *testing.T) (*slabs, *arena, context.Context) {
	t.Helper()
	leak.Check(t)
	s := newSlabs(1)
	t.Cleanup(s.close)
	a := s.begin(0)
	return s, a, withArena(t.Context(), a)
}

func TestAlloc(t *testing.T) {
	own, a, ctx := newArena(t)
	if s := Alloc[int8](ctx, 0); s == nil || len(s) != 0 {
		t.Errorf("got %v", s)
	}
	if p := a.alloc(math.MaxInt - 1); p != nil {
		t.Error("there is more memory than there is")
	}
	for range 3 {
		for _, n := range []int{1, 63, 64, 65, 5000, 200_000} {
			p := a.alloc(n)
			if where, ok := a.find(p); !ok || where.from%cacheLine != 0 || len(p) != n || cap(p) != n {
				t.Errorf("%d bytes: got %v, %d of %d", n, where, len(p), cap(p))
			}
		}
	}
	for _, n := range []int{-1, math.MaxInt} {
		if text := panicOf(func() { Alloc[float64](ctx, n) }); text != panicOf(func() { _ = make([]float64, n) }) {
			t.Errorf("Alloc(%d) panics with %q", n, text)
		}
	}
	own.end()
	if s := Alloc[int32](ctx, 5); !slices.Equal(s, make([]int32, 5)) {
		t.Errorf("got %v of a batch that has been made", s)
	}
	if s := Alloc[int32](t.Context(), 5); !slices.Equal(s, make([]int32, 5)) {
		t.Errorf("got %v outside of a worker", s)
	}
	if _, ok := a.place(make([]byte, leastPlaced)); ok {
		t.Error("something was placed into a batch that has been made")
	}
}

// If there is no memory for a slab, the batch is sent as a message.
func TestAllocNoMemory(t *testing.T) {
	own, a, ctx := newArena(t)
	own.most = math.MaxInt // no machine has so much memory
	b := newSlabBatch(ctx, 1, 5000)
	out := wire.Buffer{Place: a.place}
	if err := slabCodec().Encode(&out, b); err != nil {
		t.Fatal(err)
	}
	if news := own.end(); len(news.Fresh) > 0 || news.Retire {
		t.Errorf("got %v", news)
	}
	var got slabBatch
	if err := slabCodec().Decode(out.Data, nil, &got); err != nil {
		t.Fatal(err)
	}
	sameBatch(t, &got, 1, 5000)
}

func panicOf(f func()) (text string) {
	defer func() {
		if err, ok := recover().(runtime.Error); ok {
			text = err.Error()
		}
	}()
	f()
	return ""
}

// Goroutines that make a batch together never get the same memory from Alloc, even while the batch is ended.
func TestAllocTogether(t *testing.T) {
	own, _, ctx := newArena(t)
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			var mine [][]int32
			for i := range 500 {
				if g == 0 && i == 400 {
					own.end()
				}
				s := Alloc[int32](ctx, 1+i%50)
				for j := range s {
					s[j] = int32(g)
				}
				mine = append(mine, s)
			}
			for _, s := range mine {
				if slices.ContainsFunc(s, func(n int32) bool { return n != int32(g) }) {
					t.Error("two goroutines have the same memory")
				}
			}
		})
	}
	all.Wait()
}

// Slices of a batch that share memory arrive as separate slices, in a view as in a copy.
func TestPlaceTwice(t *testing.T) {
	type twice struct{ All, Head, Tail, Again []float64 }
	c, err := wire.Compile[twice]()
	if err != nil {
		t.Fatal(err)
	}
	_, a, ctx := newArena(t)
	s := Alloc[float64](ctx, 2000)
	for i := range s {
		s[i] = float64(i)
	}
	v := twice{s, s[:10], s[1000:], s}
	out := wire.Buffer{Place: a.place}
	if err := c.Encode(&out, &v); err != nil {
		t.Fatal(err)
	}
	r := &resolver{view: true, budget: math.MaxInt}
	for _, m := range a.slab.segments {
		r.segments = append(r.segments, m.Bytes())
	}
	var got twice
	if err := c.DecodeShared(out.Data, nil, r.resolve, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, v) || len(r.found) != 3 || r.overlap() != nil {
		t.Errorf("%d slices are in the slab", len(r.found))
	}
	clear(got.All)
	if !slices.Equal(got.Head, []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) || got.Tail[0] != 1000 || got.Again[1] != 1 {
		t.Error("two slices have memory in common")
	}
}

// Parts of one allocation are sent as references, in any order, and are not copied.
func TestPlaceParts(t *testing.T) {
	_, a, ctx := newArena(t)
	s := Alloc[byte](ctx, 1000)
	used := a.used
	for _, i := range rand.Perm(100) {
		r, ok := a.place(s[10*i : 10*i+10])
		if !ok || r != (wire.Ref{Segment: 0, Offset: uint64(10 * i), Length: 10}) {
			t.Errorf("part %d: got %v %v", i, r, ok)
		}
	}
	if a.used != used {
		t.Errorf("%d bytes were copied", a.used-used)
	}
}

// A slice in the slab of an earlier batch is not sent as a reference to that slab. It is copied, as any other slice.
func TestPlaceLate(t *testing.T) {
	leak.Check(t)
	s := newSlabs(2)
	defer s.close()
	a := s.begin(0)
	old := a.alloc(leastPlaced)
	s.end()
	a = s.begin(1)
	if r, ok := a.place(old[:leastPlaced-1]); ok {
		t.Errorf("got %v", r)
	}
	if _, ok := a.place(old); !ok || a.used != leastPlaced {
		t.Errorf("%d bytes were copied", a.used)
	}
}
