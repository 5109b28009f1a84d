// Package measure runs the rows of a benchmark in rounds and tells what came out. It knows nothing of what is measured.
//
// A Row is one question, its Cases are who answers it. Each sample of a case is taken in a process of its own, started for
// it and gone after it: no case inherits another one's heap, threads or children. In each round every case of a row has
// its turn, so that what the machine does meanwhile meets all of them.
package measure

import (
	"context"
	"fmt"
)

// Row is one question, with those who answer it.
type Row struct {
	Name   string // what -run matches; words with a slash between
	About  string // one line
	Unit   Unit
	Cases  []Case // the first is ours, and Goal is for it
	Anchor string // the case to which all are compared; none: ""
	Goal   Goal
}

// Case is one who answers.
type Case struct {
	Name    string
	Rival   string   // the case that it may nowhere be worse than; none: ""
	Needs   []string // programs that may be missing
	Vars    []string // added to the environment of the sample
	Measure func(ctx context.Context, m *Meter) error
}

// Place is what samples are taken under. The zero Place is the machine as it is.
type Place struct {
	Name, About string
	CPUs        string   // as for taskset -c; "" is all
	Vars        []string // added to the environment
	Hogs        int      // processes that compute beside it
}

// Find returns the case of that name.
func (r *Row) Find(name string) (Case, error) {
	for _, c := range r.Cases {
		if c.Name == name {
			return c, nil
		}
	}
	return Case{}, fmt.Errorf("the row %s has no case %s", r.Name, name)
}

// Rivals is the row with those cases only that have a rival, each with its rival behind it.
func (r Row) Rivals() Row {
	var cases []Case
	for _, c := range r.Cases {
		if rival, err := r.Find(c.Rival); err == nil {
			cases = append(cases, c, rival)
		}
	}
	r.Cases = cases
	return r
}

// Check says what is wrong with a row.
func (r *Row) Check() error {
	if len(r.Cases) == 0 {
		return fmt.Errorf("the row %s has no cases", r.Name)
	}
	seen := map[string]bool{}
	for _, c := range r.Cases {
		if seen[c.Name] {
			return fmt.Errorf("the row %s has two cases %s", r.Name, c.Name)
		}
		seen[c.Name] = true
	}
	for _, c := range r.Cases {
		if c.Rival != "" && !seen[c.Rival] {
			return fmt.Errorf("the row %s has no case %s, the rival of %s", r.Name, c.Rival, c.Name)
		}
	}
	switch {
	case r.Anchor != "" && !seen[r.Anchor]:
		return fmt.Errorf("the row %s has no case %s to be compared with", r.Name, r.Anchor)
	case r.Goal.compares() && r.Anchor == "":
		return fmt.Errorf("the goal of the row %s compares with nothing", r.Name)
	}
	return nil
}
