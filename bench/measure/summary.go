package measure

import (
	"fmt"
	"strings"
)

// head are the columns of a table. CPU is that of all processes that take part, for an operation.
var head = []string{"case", "median", "min–max", "p50", "p99", "CPU/op", "ratio", "goal"}

// line are the cells of a case.
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
	values := f.all(func(s Sample) float64 { return s.Value })
	value, ratio := median(values), r.ratio(f)
	low, high := quantile(values, 0), quantile(values, 1)
	cells := []string{f.Case, unit.Format(value), span(unit.Format(low), unit.Format(high))}
	for _, get := range []func(Sample) float64{
		func(s Sample) float64 { return s.P50 },
		func(s Sample) float64 { return s.P99 },
		func(s Sample) float64 { return s.CPU },
	} {
		cell := ""
		if v := median(f.all(get)); v > 0 {
			cell = Seconds.Format(v)
		}
		cells = append(cells, cell)
	}
	cell := ""
	if ratio > 0 {
		cell = digits(ratio)
	}
	cells = append(cells, cell)
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

// ratio is the median of the ratios to the anchor in the same round: when the whole machine is slow for a while, both are.
func (r *Result) ratio(f *Figure) float64 {
	for i := range r.Figures {
		anchor := &r.Figures[i]
		if anchor.Case != r.Row.Anchor || len(anchor.Samples) != len(f.Samples) {
			continue
		}
		var ratios []float64
		for k, s := range f.Samples {
			if a := anchor.Samples[k].Value; a != 0 {
				ratios = append(ratios, s.Value/a)
			}
		}
		return median(ratios)
	}
	return 0
}

// others warns of figures that were taken beside other work.
func (r *Result) others() string {
	var all []float64
	for i := range r.Figures {
		all = append(all, r.Figures[i].all(func(s Sample) float64 { return s.Other })...)
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
	if others := r.others(); others != "" {
		title += "; " + others
	}
	return title
}

// Failed are the cases that were there and did not work.
func (r *Result) Failed() (failed []string) {
	for _, f := range r.Figures {
		if f.Err != "" {
			failed = append(failed, r.Name+", "+f.Case+": "+f.Err)
		}
	}
	return failed
}

// span writes a unit once if both ends have it.
func span(low, high string) string {
	if low == high {
		return low
	}
	n, unit, _ := strings.Cut(low, " ")
	if strings.HasSuffix(high, " "+unit) {
		low = n
	}
	return low + "–" + high
}
