package dataloader

import (
	"errors"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Who is killed while others get batches has not failed; who fails, or is killed while nobody gets any, has.
func TestFailuresInARow(t *testing.T) {
	killed, failed := &spawn.ExitError{Cause: spawn.CauseSignal}, errors.New("no such device")
	for _, c := range []struct {
		err     error
		arrived []int
		want    int
	}{
		{killed, []int{3, 5, 6, 9, 12}, 1},
		{killed, []int{3, 5, 5, 5}, 3},
		{killed, []int{0, 0, 0, 0, 0}, 5},
		{failed, []int{3, 5, 6, 9, 12}, 5},
	} {
		var f failures
		for _, n := range c.arrived {
			f.add(c.err, n)
		}
		if f.inRow != c.want {
			t.Errorf("%v at %v: %d in a row instead of %d", c.err, c.arrived, f.inRow, c.want)
		}
	}
}
