// Package measure runs the rows of a benchmark in rounds and prints the results. It does not know what the cases do.
//
// A Row is one question; each of its Cases is one way to answer it. Each sample of a case is taken in a process of its own,
// started for the sample and gone after it: no case inherits the heap, threads or children of another one. In each round
// every case of a row has its turn, so that other work on the machine affects all of them.
package measure

import (
	"context"
	"fmt"
)

// Row is one question, with the cases that answer it.
type Row struct {
	Name   string // what -run matches; words with a slash between
	About  string // one line
	Unit   Unit
	Cases  []Case // the first one is mp's, and Goal is for it
	Anchor string // the name of the case that all others are compared with; none: ""
	Goal   Goal
}

// Case is one way to answer the question of its row.
type Case struct {
	Name    string
	Rival   string   // the name of the case that this one must not be worse than in any place; none: ""
	Needs   []string // programs; the case is left out if one is missing
	Vars    []string // added to the environment of the sample
	Measure func(ctx context.Context, m *Meter) error
}

// Place is the conditions under which samples are taken. The zero Place is the machine as it is.
type Place struct {
	Name, About string
	CPUs        string   // as for taskset -c; "" is all
	Vars        []string // added to the environment
	Hogs        int      // processes that compute at the same time
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

// Rivals returns the row with only the cases that have a rival, each followed by its rival.
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

// Check returns an error if the row has no cases, if names in it are not unique or not found, or if its goal lacks an anchor.
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
