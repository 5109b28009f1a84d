package measure

import (
	"fmt"
	"strings"
)

// head are the columns of a table. CPU/op is the CPU time for an operation, of all processes that take part.
var head = []string{"case", "median", "min–max", "p50", "p99", "CPU/op", "ratio", "goal"}

// line returns the cells of a case.
func (r *Result) line(i int) []string {
	f := &r.Figures[i]
	if len(f.Samples) == 0 || f.Err != "" {
		why := f.Missing
		if f.Err != "" {
			why = "failed: " + f.Err
		}
		return []string{f.Case, why}
	}
	unit := r.Row.Unit
	values := f.values()
	value, ratio := median(values), r.ratio(f)
	cells := []string{f.Case, unit.Format(value), unit.span(values)}
	for _, get := range []func(Sample) float64{
		func(s Sample) float64 { return s.P50 },
		func(s Sample) float64 { return s.P99 },
		func(s Sample) float64 { return s.CPU },
	} {
		cells = append(cells, seconds(median(f.all(get))))
	}
	cells = append(cells, times(ratio))
	verdict := ""
	if i == 0 {
		verdict = r.Row.Goal.Judge(value, ratio)
	}
	if note := f.Samples[len(f.Samples)-1].Note; note != "" {
		verdict = strings.TrimPrefix(verdict+"; "+note, "; ")
	}
	return append(cells, verdict)
}

func (f *Figure) all(get func(Sample) float64) []float64 {
	xs := make([]float64, len(f.Samples))
	for i, s := range f.Samples {
		xs[i] = get(s)
	}
	return xs
}

func (f *Figure) values() []float64 { return f.all(func(s Sample) float64 { return s.Value }) }

func (f *Figure) cpu() []float64 { return f.all(func(s Sample) float64 { return s.CPU }) }

// ratio is that of f to the anchor; 0 if the anchor does not have as many samples.
func (r *Result) ratio(f *Figure) float64 {
	for i := range r.Figures {
		if anchor := &r.Figures[i]; anchor.Case == r.Row.Anchor && len(anchor.Samples) == len(f.Samples) {
			return ratio(f.values(), anchor.values())
		}
	}
	return 0
}

// others warns if other work ran beside the samples: it says on how many processors.
func others(results ...Result) string {
	var all []float64
	for _, r := range results {
		for i := range r.Figures {
			all = append(all, r.Figures[i].all(func(s Sample) float64 { return s.Other })...)
		}
	}
	if m := median(all); m > 0.1 {
		return fmt.Sprintf("beside other work on %.1f processors", m)
	}
	return ""
}

// title is the line above the table of a row.
func (r *Result) title() string {
	title := r.Row.About
	if r.Row.Anchor != "" {
		title += "; ratio to: " + r.Row.Anchor
	}
	if others := others(*r); others != "" {
		title += "; " + others
	}
	return title
}

// Failed returns the cases that ran and failed, with their errors.
func (r *Result) Failed() (failed []string) {
	for _, f := range r.Figures {
		if f.Err != "" {
			failed = append(failed, r.Name+", "+f.Case+": "+f.Err)
		}
	}
	return failed
}

// seconds is the cell of a time. It is empty if there is no time.
func seconds(v float64) string {
	if v <= 0 {
		return ""
	}
	return Seconds.Format(v)
}

// times is the cell of a ratio. It is empty if there is no ratio.
func times(v float64) string {
	if v <= 0 {
		return ""
	}
	return digits(v)
}
