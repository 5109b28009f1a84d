package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"math/rand/v2"
	"time"
)

const (
	batchSize = 25
	firstRate = 0.04 // of the gradient descent
	rateDecay = 0.8  // per epoch
)

// A feed prepares the batches of an epoch and yields them in their order. The
// training neither knows nor cares whether other processes are involved.
type feed func(ctx context.Context, batches []Batch) iter.Seq2[Prepared, error]

// An epoch is what there is to tell about one pass over the training images.
type epoch struct {
	number  int
	batches int
	loss    float64 // mean over the samples
	took    time.Duration
	shares  string // who prepared the batches, if there was a choice
}

// training is everything that decides the weights: two trainings that agree in
// it, but for the feed, end with the same bits.
type training struct {
	samples int // in the training set
	epochs  int
	seed    uint64
	leftOut map[int]bool // samples not to ask for; the feed may add to it
	feed    feed
}

// run trains a new model and calls tell after each epoch.
func (t *training) run(ctx context.Context, tell func(epoch)) (*model, error) {
	m := newModel(t.seed)
	rate := float32(firstRate)
	for number := 1; number <= t.epochs; number++ {
		start := time.Now()
		batches := plan(t.samples, t.seed, number, t.leftOut)
		loss, seen := 0.0, 0
		for b, err := range t.feed(ctx, batches) {
			if err != nil {
				return nil, err
			}
			if n := len(b.Labels); n > 0 {
				loss += m.step(b.Pixels, b.Labels, rate)
				seen += n
			}
		}
		rate *= rateDecay
		tell(epoch{number: number, batches: len(batches), loss: loss / float64(seen), took: time.Since(start)})
	}
	return m, nil
}

// plan shuffles the samples and cuts them into batches. A sample that is left
// out is missing from its batch and moves no other: leaving it out from the
// start and losing it on the way come to the same.
func plan(samples int, seed uint64, number int, leftOut map[int]bool) []Batch {
	const order = 1<<32 - 1 // no sample has this number, so augment never draws from this stream
	rng := rand.New(rand.NewPCG(seed, uint64(number)<<32|order))
	var batches []Batch
	for i, sample := range rng.Perm(samples) {
		if i%batchSize == 0 {
			batches = append(batches, Batch{Epoch: number})
		}
		if last := &batches[len(batches)-1]; !leftOut[sample] {
			last.Samples = append(last.Samples, sample)
		}
	}
	return batches
}

// inProcess prepares each batch when it is wanted, with no help.
func inProcess(ctx context.Context, batches []Batch) iter.Seq2[Prepared, error] {
	return func(yield func(Prepared, error) bool) {
		for _, b := range batches {
			if !yield(prepare(ctx, b)) {
				return
			}
		}
	}
}

// fingerprint is equal for two models if, and only if, all their bits are.
func (m *model) fingerprint() [sha256.Size]byte {
	h := sha256.New()
	w := &m.weights
	for _, part := range [][]float32{w.w1[:], w.b1[:], w.w2[:], w.b2[:]} {
		binary.Write(h, binary.LittleEndian, part) // a hash never fails
	}
	return [sha256.Size]byte(h.Sum(nil))
}
