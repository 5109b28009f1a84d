package dataloader

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/process"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// blocks is a dataset of nothing but memory.
type blocks int

const block = 100_000

func (b blocks) Len() int { return int(b) }

func (b blocks) GetBatch(ctx context.Context, indices []int) ([]byte, error) {
	return Alloc[byte](ctx, block*len(indices)), nil
}

var openBlocks = RegisterBatch("dataloader.test.blocks", func(_ context.Context, n int) (BatchDataset[[]byte], error) { return blocks(n), nil })

// The loader never holds more memory than for Prefetch × Workers batches.
func TestMemoryIsBounded(t *testing.T) {
	leak.Check(t)
	for _, view := range []bool{false, true} {
		const workers, prefetch, size = 3, 2, 4
		l, err := NewBatched(t.Context(), openBlocks.With(400), &Options{
			BatchSize: size, Workers: workers, Prefetch: prefetch, View: view, Persistent: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		most := 0
		for range 3 {
			for _, err := range l.Epoch(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				most = max(most, l.held())
			}
		}
		batch := block * size * 9 / 8 // a segment is an eighth larger than needed: see grow
		if bound := workers * prefetch * (batch + 1<<16); most > bound || most < workers*block*size {
			t.Errorf("%d bytes are held, more than %d", most, bound)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

// flaky is a dataset that gets each batch at the fifth attempt.
type flaky struct{ attempts int }

func (f *flaky) Len() int { return 40 }

func (f *flaky) GetBatch(ctx context.Context, indices []int) ([][]byte, error) {
	parts := make([][]byte, 4)
	for n := range parts {
		parts[n] = Alloc[byte](ctx, (n+1)*block)
		for i := range parts[n] {
			parts[n][i] = byte(indices[0] + n)
		}
	}
	if f.attempts++; f.attempts%5 != 0 {
		return nil, errors.New("flaky")
	}
	return parts, nil
}

var openFlaky = RegisterBatch("dataloader.test.flaky", func(context.Context, int) (BatchDataset[[][]byte], error) { return new(flaky), nil })

// A failed attempt at a batch leaves its memory to the next attempt.
func TestRetriesTakeNoMemory(t *testing.T) {
	leak.Check(t)
	l, err := NewBatched(t.Context(), openFlaky.With(0), &Options{Workers: 1, Prefetch: 1, Retries: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	most, number := 0, 0
	for parts, err := range l.Epoch(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for n, p := range parts {
			if want := byte(number + n); len(p) != (n+1)*block || p[0] != want || p[len(p)-1] != want {
				t.Fatalf("batch %d: part %d is of %d", number, n, p[0])
			}
		}
		most = max(most, l.held())
		number++
	}
	if batch := 10 * block; most > 3*batch { // each segment that is added to the first slab doubles the slab
		t.Errorf("%d bytes are held for batches of %d", most, batch)
	}
}

// held returns how many bytes of slabs this process holds.
func (c *core) held() (bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.members {
		m.loans.mu.Lock()
		bytes += m.loans.held()
		m.loans.mu.Unlock()
	}
	return bytes
}

// A reply with a body that cannot be decoded, or with an impossible segment, ends the epoch with an error, and the workers, too.
// The next epoch has new workers and is whole.
func TestRepliesThatAreWrong(t *testing.T) {
	leak.Check(t)
	for name, wrong := range map[string]func(*reply){
		"segment": func(r *reply) { r.News.Fresh = append(r.News.Fresh, nil) },
		"body":    func(r *reply) { r.Body = []byte{1, 2, 3} },
		"none":    func(r *reply) { r.Body = nil },
	} {
		t.Run(name, func(t *testing.T) {
			l, err := NewBatched(t.Context(), openBlocks.With(40), &Options{Workers: 2, Persistent: true})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			l.mu.Lock()
			number := l.members[0].number
			l.mu.Unlock()
			forged := false
			var last error
			for _, err := range l.Epoch(t.Context()) {
				forged = forged || l.forge(number, wrong)
				last = err
			}
			if !forged || last == nil {
				t.Errorf("forged: %v, and nobody has noticed", forged)
			}
			t.Log(last)
			n := 0
			for b, err := range l.Epoch(t.Context()) {
				if err != nil || len(b) != block {
					t.Fatal(err)
				}
				n++
			}
			if n != 40 {
				t.Errorf("%d batches", n)
			}
		})
	}
}

// forge takes in a wrong reply as if the worker had sent it. It returns false if the worker has no order to answer.
func (c *core) forge(worker int, wrong func(*reply)) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := slices.IndexFunc(c.members, func(m *member) bool { return m != nil && m.number == worker })
	if id < 0 || len(c.epoch.seats[id].out) == 0 {
		return false
	}
	t := c.epoch.seats[id].out[0]
	r := &reply{Worker: worker, Serial: t.serial, News: slabNews{Slab: t.slab}, Samples: 1}
	wrong(r)
	if !c.heard(r) {
		r.drop()
	}
	return true
}

// peek returns the first byte of a batch after the next one was yielded.
var peek = spawn.Register("dataloader.test.peek", func(ctx context.Context, view bool) (first byte, err error) {
	l, err := NewBatched(ctx, openBlocks.With(10), &Options{Workers: 1, View: view})
	if err != nil {
		return 0, err
	}
	defer l.Close()
	var before []byte
	for b, err := range l.Epoch(ctx) {
		if err != nil {
			return 0, err
		}
		for i := range b { // until the next iteration, this process may write to the batch
			b[i] = 1
		}
		if before != nil { // the worker may be making a batch in that memory, but blocks writes nothing to it
			first = before[0]
		}
		before = b
	}
	return first, nil
})

// With MP_DEBUG, a view is overwritten when the next batch is yielded. Without View, a batch is not overwritten.
func TestViewIsPoisoned(t *testing.T) {
	leak.Check(t)
	for _, view := range []bool{false, true} {
		p, err := process.Start(t.Context(), peek, view, &process.Options{Env: append(os.Environ(), "MP_DEBUG=1"), Stderr: io.Discard})
		if err != nil {
			t.Fatal(err)
		}
		if first, err := p.Result(t.Context()); (first == 0xDB) != view || err != nil {
			t.Errorf("view %v: it is %x, %v", view, first, err)
		}
	}
}
