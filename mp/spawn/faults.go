package spawn

import (
	"errors"
	"fmt"
)

// Faults are the errors of processes that ended badly when they were to end, for who closes what they belong to: the first few, as
// each holds what its process has written.
type Faults struct {
	first []error
	more  int
}

// mostFaults is how many are kept.
const mostFaults = 8

// Add adds one.
func (f *Faults) Add(err error) {
	if len(f.first) < mostFaults {
		f.first = append(f.first, err)
	} else {
		f.more++
	}
}

// Take returns and forgets them, joined; nil when there are none.
func (f *Faults) Take() error {
	first, more := f.first, f.more
	*f = Faults{}
	if more > 0 {
		first = append(first, fmt.Errorf("mp: %d more have ended badly", more))
	}
	return errors.Join(first...)
}
