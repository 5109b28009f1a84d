package dataloader

import (
	"errors"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// If something outside kills a worker, and replies have arrived since the last failure, the row of failures begins anew. Every
// other failure continues the row.
func TestFailuresInARow(t *testing.T) {
	for _, c := range []struct {
		killed  bool
		arrived []int
		want    int
	}{
		{true, []int{3, 5, 6, 9, 12}, 1},
		{true, []int{3, 5, 5, 5}, 3},
		{true, []int{0, 0, 0, 0, 0}, 5},
		{false, []int{3, 5, 6, 9, 12}, 5},
	} {
		var f failures
		for _, n := range c.arrived {
			f.add(c.killed, n)
		}
		if f.inRow != c.want {
			t.Errorf("killed %v, at %v: %d in a row instead of %d", c.killed, c.arrived, f.inRow, c.want)
		}
	}
}

// wasKilled is true only for a signal from outside. It is false if the loader killed the worker, because the worker was late or
// sent nonsense.
func TestWhoHasKilled(t *testing.T) {
	struck := &spawn.ExitError{Cause: spawn.CauseSignal}
	for _, c := range []struct {
		of   member
		err  error
		want bool
	}{
		{member{}, struck, true},
		{member{}, &spawn.ExitError{Cause: spawn.CauseOOM}, false},
		{member{}, errors.New("no such device"), false},
		{member{overdue: new(uint64)}, struck, false},
		{member{distrusted: true}, struck, false},
	} {
		if got := c.of.wasKilled(c.err); got != c.want {
			t.Errorf("overdue %v, distrusted %v, %v: %v", c.of.overdue != nil, c.of.distrusted, c.err, got)
		}
	}
}
