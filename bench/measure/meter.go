package measure

import (
	"errors"
	"time"
)

// Sample is one measurement of a case, in base units.
type Sample struct {
	Value float64 // in the unit of the row; for latencies their mean
	P50   float64 `json:",omitempty"` // of the single latencies, in seconds
	P99   float64 `json:",omitempty"`
	CPU   float64 `json:",omitempty"` // seconds for an operation, of all processes that take part
	Other float64 `json:",omitempty"` // processors that were busy with anything else meanwhile
	Note  string  `json:",omitempty"`
}

// Meter takes a sample. The Measure of a case gets one, and calls exactly one of Each, Timed, All, Partner and Value.
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

// Count returns how many operations to do: n, or for a quick sample a hundredth of n, but at least two.
func (m *Meter) Count(n int) int {
	if m.quick {
		return min(n, max(2, n/100))
	}
	return n
}

// Size returns how large to make a payload of n bytes: a quick sample has a MiB at most.
func (m *Meter) Size(n int) int {
	if m.quick {
		return min(n, 1<<20)
	}
	return n
}

// Window returns how long to watch something that goes on by itself: d, or for a quick sample a twentieth of it.
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

// Timed is Each for operations that measure themselves, and return how long the part took that counts. The CPU time is that
// of whole operations.
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

// Value sets the value of the sample. Cases call it for figures that are not times.
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
