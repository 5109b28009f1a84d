package main

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"
)

const (
	hidden   = 128
	momentum = 0.9
)

// params are the numbers of a 784–128–10 perceptron: its weights, or their
// gradient, or their velocity. Row k of a matrix holds the weights of input k, so
// that all inner loops run along contiguous rows.
type params struct {
	w1 [pixels * hidden]float32
	b1 [hidden]float32
	w2 [hidden * classes]float32
	b2 [classes]float32
}

// model is trained by one goroutine, in a fixed order of float32 operations:
// the same batches give the same bits.
type model struct {
	weights, grad, velocity params
	h, dh                   []float32 // a batch's hidden activations and their gradient
	p                       []float32 // a batch's class probabilities
}

func newModel(seed uint64) *model {
	m := new(model)
	rng := rand.New(rand.NewPCG(seed, 0))
	he := func(w []float32, inputs int) {
		scale := math.Sqrt(2 / float64(inputs))
		for i := range w {
			w[i] = float32(rng.NormFloat64() * scale)
		}
	}
	he(m.weights.w1[:], pixels)
	he(m.weights.w2[:], hidden)
	return m
}

// forward leaves the class probabilities of the n images in x in m.p.
func (m *model) forward(x []float32) (n int) {
	n = len(x) / pixels
	m.h = grow(m.h, n*hidden)
	m.p = grow(m.p, n*classes)
	for s := range n {
		copy(m.h[s*hidden:], m.weights.b1[:])
		copy(m.p[s*classes:], m.weights.b2[:])
	}
	// Pixel by pixel, not image by image: row k of w1 and the batch's hidden
	// activations then stay in the first-level cache.
	for k := range pixels {
		row := m.weights.w1[k*hidden:][:hidden]
		for s := range n {
			if v := x[s*pixels+k]; v != 0 {
				addScaled(m.h[s*hidden:][:hidden], v, row)
			}
		}
	}
	for s := range n {
		p := m.p[s*classes:][:classes]
		for k, v := range m.h[s*hidden:][:hidden] {
			if v <= 0 { // ReLU
				m.h[s*hidden+k] = 0
				continue
			}
			addScaled(p, v, m.weights.w2[k*classes:][:classes])
		}
		softmax(p)
	}
	return n
}

// backward leaves the gradient of the mean cross-entropy in m.grad, and
// returns the sum of the losses.
func (m *model) backward(x []float32, labels []byte) (loss float64) {
	n := m.forward(x)
	m.grad = params{}
	m.dh = grow(m.dh, n*hidden)
	for s := range n {
		d := m.p[s*classes:][:classes]
		loss -= math.Log(max(float64(d[labels[s]]), 1e-30))
		d[labels[s]]-- // probabilities − truth is the gradient before softmax
		for c := range d {
			d[c] /= float32(n)
		}
		addScaled(m.grad.b2[:], 1, d)
		dh := m.dh[s*hidden:][:hidden]
		for k, v := range m.h[s*hidden:][:hidden] {
			dh[k] = 0
			if v > 0 {
				addScaled(m.grad.w2[k*classes:][:classes], v, d)
				dh[k] = dot(m.weights.w2[k*classes:][:classes], d)
			}
		}
		addScaled(m.grad.b1[:], 1, dh)
	}
	for k := range pixels {
		row := m.grad.w1[k*hidden:][:hidden]
		for s := range n {
			if v := x[s*pixels+k]; v != 0 {
				addScaled(row, v, m.dh[s*hidden:][:hidden])
			}
		}
	}
	return loss
}

// step moves the weights by one batch and returns the sum of its losses.
func (m *model) step(x []float32, labels []byte, rate float32) (loss float64) {
	loss = m.backward(x, labels)
	descend := func(w, g, v []float32) {
		for i := range w {
			v[i] = momentum*v[i] - rate*g[i]
			w[i] += v[i]
		}
	}
	descend(m.weights.w1[:], m.grad.w1[:], m.velocity.w1[:])
	descend(m.weights.b1[:], m.grad.b1[:], m.velocity.b1[:])
	descend(m.weights.w2[:], m.grad.w2[:], m.velocity.w2[:])
	descend(m.weights.b2[:], m.grad.b2[:], m.velocity.b2[:])
	return loss
}

// accuracy is the share of the set whose likeliest class is its label.
func (m *model) accuracy(test *set) float64 {
	x := make([]float32, pixels)
	right := 0
	for i := range test.Len() {
		normalise(x, test.image(i))
		m.forward(x)
		best := 0
		for c := range classes {
			if m.p[c] > m.p[best] {
				best = c
			}
		}
		if best == int(test.labels[i]) {
			right++
		}
	}
	return float64(right) / float64(test.Len())
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
