package measure

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Standing compares cases with their rivals, in one place.
type Standing struct {
	Place   Place
	Results []Result // of rows that Row.Rivals has made: each case stands before its rival
}

// rivalsHead are the columns. Ratios are to the rival in the same round, for the value and for the CPU time of an operation.
var rivalsHead = []string{"row", "median", "min–max", "the rival's", "min–max", "ratio", "CPU/op", "CPU ratio", "not worse"}

// Text prints the table for a terminal.
func (s *Standing) Text(w io.Writer) {
	fmt.Fprintf(w, "%s: %s\n", s.Place.Name, s.title())
	columns(w, rivalsHead, s.lines())
}

// Markdown prints the table for a page.
func (s *Standing) Markdown(w io.Writer) {
	fmt.Fprintf(w, "**%s**: %s\n\n", s.Place.Name, s.title())
	cells(w, rivalsHead, s.lines())
}

func (s *Standing) title() string {
	if others := others(s.Results...); others != "" {
		return s.Place.About + "; " + others
	}
	return s.Place.About
}

func (s *Standing) lines() (lines [][]string) {
	for _, r := range s.Results {
		for i := 0; i < len(r.Figures); i += 2 {
			name := r.Name
			if len(r.Figures) > 2 {
				name += ": " + r.Figures[i].Case
			}
			lines = append(lines, append([]string{name}, r.duel(&r.Figures[i], &r.Figures[i+1])...))
		}
	}
	return lines
}

// duel returns the cells for a case and its rival.
func (r *Result) duel(ours, theirs *Figure) []string {
	for _, f := range []*Figure{ours, theirs} {
		if f.Err != "" {
			return []string{"failed: " + f.Case + ": " + f.Err}
		}
	}
	if len(ours.Samples) == 0 || len(theirs.Samples) == 0 {
		return []string{cmp.Or(ours.Missing, theirs.Missing)}
	}
	unit := r.Row.Unit
	value := comparison{"ratio", ours.values(), theirs.values(), unit.more()}
	cpu := comparison{"CPU ratio", ours.cpu(), theirs.cpu(), false}
	return []string{
		unit.Format(median(value.ours)), unit.span(value.ours), unit.Format(median(value.theirs)), unit.span(value.theirs), times(value.ratio()),
		seconds(median(cpu.ours)), times(cpu.ratio()), notWorse(value, cpu),
	}
}

// comparison has the samples of a case and of its rival. Samples with the same index are of the same round.
type comparison struct {
	column       string
	ours, theirs []float64
	more         bool // more is better
}

func (c *comparison) ratio() float64 { return ratio(c.ours, c.theirs) }

// apart reports whether the rival's worst sample is better than our best: that is more than noise.
func (c *comparison) apart() bool {
	if c.more {
		return slices.Max(c.ours) < slices.Min(c.theirs)
	}
	return slices.Min(c.ours) > slices.Max(c.theirs)
}

// behind reports whether ours is worse by the median of the ratios. If there is no ratio, it is not.
func (c *comparison) behind() bool {
	if c.more {
		return c.ratio() < 1 && c.ratio() != 0
	}
	return c.ratio() > 1
}

// notWorse is the verdict. It is "not met" if the two are apart in some column. It is "met within noise" if ours is behind
// in some column, and "met" otherwise. The verdict names the columns.
func notWorse(comparisons ...comparison) string {
	var apart, behind []string
	for _, c := range comparisons {
		switch {
		case c.apart():
			apart = append(apart, c.column)
		case c.behind():
			behind = append(behind, c.column)
		}
	}
	switch {
	case len(apart) > 0:
		return "not met: " + strings.Join(apart, ", ")
	case len(behind) > 0:
		return "met within noise: " + strings.Join(behind, ", ")
	}
	return "met"
}
