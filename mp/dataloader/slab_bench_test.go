package dataloader

import (
	"context"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
)

// benchPixels is the number of float32s in 32 images of 3 × 224 × 224. They take 19 MB.
const benchPixels = 32 * 3 * 224 * 224

type benchBatch struct{ Pixels []float32 }

// fill writes a batch as fast as possible.
func fill(pixels []float32, with float32) {
	for i := range pixels {
		pixels[i] = with
	}
}

func sum(pixels []float32) (sum float32) {
	for _, p := range pixels {
		sum += p
	}
	return sum
}

type benchEnds struct {
	Index *queue.Queue[int] // numbers of slabs
	Data  *queue.Queue[slabReply]
	Plain bool // batches go by message, without slabs
}

var benchWorker = mp.Register("dataloader.test.bench", func(ctx context.Context, e *benchEnds) (int, error) {
	codec, err := wire.Compile[benchBatch]()
	if err != nil {
		return 0, err
	}
	own := newSlabs(2)
	defer own.close()
	var out wire.Buffer
	for {
		i, err := e.Index.Get(ctx)
		if err != nil {
			return 0, nil
		}
		a, within := own.begin(i), ctx
		if !e.Plain {
			out.Place = a.place
			within = withArena(ctx, a)
		}
		b := benchBatch{Alloc[float32](within, benchPixels)}
		fill(b.Pixels, 1)
		out.Reset()
		if err := codec.Encode(&out, &b); err != nil {
			return 0, err
		}
		if err := e.Data.Put(ctx, slabReply{News: own.end(), Body: out.Data}); err != nil {
			return 0, err
		}
	}
})

// BenchmarkBatch measures a batch of 19 MB that a worker fills and this process reads. in-process does the same in one goroutine,
// with new memory for each batch.
func BenchmarkBatch(b *testing.B) {
	b.Run("in-process", func(b *testing.B) {
		b.SetBytes(4 * benchPixels)
		for b.Loop() {
			pixels := make([]float32, benchPixels)
			fill(pixels, 1)
			sum(pixels)
		}
	})
	for _, way := range []struct {
		name        string
		plain, view bool
	}{{"view", false, true}, {"copy", false, false}, {"message", true, false}} {
		b.Run(way.name, func(b *testing.B) {
			index, err1 := mp.NewQueue[int](0)
			data, err2 := mp.NewQueue[slabReply](0)
			codec, err3 := wire.Compile[benchBatch]()
			if err1 != nil || err2 != nil || err3 != nil {
				b.Fatal(err1, err2, err3)
			}
			p, err := mp.Start(b.Context(), benchWorker, &benchEnds{index, data, way.plain}, nil)
			if err != nil {
				b.Fatal(err)
			}
			l := newLoans(2)
			order := func() {
				i, _ := l.lend()
				if err := index.Put(b.Context(), i); err != nil {
					b.Fatal(err)
				}
			}
			next := func() {
				r, err := data.Get(b.Context())
				if err == nil {
					err = l.adopt(r.News.Slab, r.News)
				}
				if err != nil {
					b.Fatal(err)
				}
				batch, err := readBatch(l, r.News.Slab, codec, r.Body, nil, way.view)
				if err != nil || sum(batch.Pixels) == 0 {
					b.Fatal(err)
				}
				l.giveBack(r.News.Slab)
			}
			order()
			order()
			next()
			order()
			next()
			b.SetBytes(4 * benchPixels)
			for b.Loop() {
				order()
				next()
			}
			b.StopTimer()
			next()
			index.Close()
			data.Close()
			if _, err := p.Result(context.Background()); err != nil {
				b.Error(err)
			}
			l.end()
		})
	}
}
