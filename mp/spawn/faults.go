package spawn

import (
	"errors"
	"fmt"
)

// Faults are the errors of workers that ended badly after they were told to end. Close of their pool or loader returns them.
// Faults keeps the first few only, as each holds output of its process.
type Faults struct {
	first []error
	more  int
}

// mostFaults is how many errors are kept.
const mostFaults = 8

// Add adds an error.
func (f *Faults) Add(err error) {
	if len(f.first) < mostFaults {
		f.first = append(f.first, err)
	} else {
		f.more++
	}
}

// Take returns the errors, joined, and forgets them; nil when there are none.
func (f *Faults) Take() error {
	first, more := f.first, f.more
	*f = Faults{}
	if more > 0 {
		first = append(first, fmt.Errorf("mp: %d more have ended badly", more))
	}
	return errors.Join(first...)
}
