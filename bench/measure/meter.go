package measure

import (
	"errors"
	"time"
)

// Sample is one measurement of a case, in base units.
type Sample struct {
	Value float64 // in the unit of the row; of latencies the mean
	P50   float64 `json:",omitempty"` // of the single latencies, in seconds
	P99   float64 `json:",omitempty"`
	CPU   float64 `json:",omitempty"` // seconds for an operation, of all processes that take part
	Other float64 `json:",omitempty"` // processors that were busy with anything else meanwhile
	Note  string  `json:",omitempty"`
}

// Meter takes a sample. The functions of a case are called with one, and call one of Each, All, Partner and Value.
type Meter struct {
	unit   Unit
	quick  bool
	bytes  int
	sample Sample
	taken  bool
}

// NewMeter makes the meter of a sample. A quick one is for seeing that a case works.
func NewMeter(u Unit, quick bool) *Meter { return &Meter{unit: u, quick: quick} }

// Sample is what was measured.
func (m *Meter) Sample() (Sample, error) {
	if !m.taken {
		return m.sample, errors.New("the case has measured nothing")
	}
	return m.sample, nil
}

// Count is how many operations are worth doing: n, or a hundredth of it, at least two, when it is only to be seen that they work.
func (m *Meter) Count(n int) int {
	if m.quick {
		return min(n, max(2, n/100))
	}
	return n
}

// Size is how large a payload is worth being: n, or a MiB at most when it is only to be seen that it arrives.
func (m *Meter) Size(n int) int {
	if m.quick {
		return min(n, 1<<20)
	}
	return n
}

// Window is how long to look at something that goes on by itself.
func (m *Meter) Window(d time.Duration) time.Duration {
	if m.quick {
		return d / 20
	}
	return d
}

// Payload says how many bytes an operation moves.
func (m *Meter) Payload(bytes int) { m.bytes = bytes }

// Note is printed beside the figures.
func (m *Meter) Note(text string) { m.sample.Note = text }

// Each does n operations after a warm-up and times each.
func (m *Meter) Each(n int, operation func() error) error {
	n = m.Count(n)
	for range n/10 + 1 {
		if err := operation(); err != nil {
			return err
		}
	}
	took := make([]time.Duration, n)
	before := cpuBefore()
	began := time.Now()
	last := began
	for i := range took {
		if err := operation(); err != nil {
			return err
		}
		now := time.Now()
		took[i], last = now.Sub(last), now
	}
	m.record(n, last.Sub(began).Seconds(), cpuSince(before))
	m.latencies(took)
	return nil
}

// Timed is Each for operations that know themselves which part of them counts. The CPU time is that of the whole.
func (m *Meter) Timed(n int, operation func() (time.Duration, error)) error {
	n = m.Count(n)
	if _, err := operation(); err != nil {
		return err
	}
	took := make([]time.Duration, n)
	before := cpuBefore()
	var sum time.Duration
	for i := range took {
		d, err := operation()
		if err != nil {
			return err
		}
		took[i] = d
		sum += d
	}
	m.record(n, sum.Seconds(), cpuSince(before))
	m.latencies(took)
	return nil
}

// All has operations do n operations in its own way, after a warm-up with fewer, and times them together.
func (m *Meter) All(n int, operations func(n int) error) error {
	n = m.Count(n)
	if err := operations(n/10 + 1); err != nil {
		return err
	}
	before := cpuBefore()
	began := time.Now()
	err := operations(n)
	took := time.Since(began)
	m.record(n, took.Seconds(), cpuSince(before))
	return err
}

// Value is for figures that are no times.
func (m *Meter) Value(v float64) {
	m.sample.Value, m.taken = v, true
}

// record turns n operations in so many seconds into the value of the row's unit.
func (m *Meter) record(n int, seconds float64, cpu time.Duration) {
	switch m.unit {
	case Seconds:
		m.Value(seconds / float64(n))
	case PerSecond, Events:
		m.Value(float64(n) / seconds)
	case BytesPerSecond:
		m.Value(float64(n) * float64(m.bytes) / seconds)
	default:
		m.Value(seconds)
	}
	m.sample.CPU = cpu.Seconds() / float64(n)
}

func (m *Meter) latencies(took []time.Duration) {
	if m.unit == Seconds && len(took) >= 10 { // fewer have no 99th percentile worth the name
		m.sample.P50, m.sample.P99 = quantile(took, 0.5).Seconds(), quantile(took, 0.99).Seconds()
	}
}
