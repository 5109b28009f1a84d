package pool

import (
	"errors"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// ErrQuarantined is in the error of an item that has ended one worker after the other, two at least, and is not run again,
// as it has used up its CrashRetries. The error also holds the last *ExitError.
var ErrQuarantined = errors.New("mp: quarantined")

func init() { spawn.RegisterError("mp.ErrQuarantined", ErrQuarantined) }

// tries counts the failed attempts at an item. Errors and deaths have budgets of their own: an item that fails now and then
// is worth more attempts than one that takes workers with it.
type tries struct{ errors, deaths int }

// mayRetry counts a failed attempt at an item. If another attempt is left, it puts the item back into the call, to be given
// out again, and returns true. If the item was stopped, it changes nothing and returns false: the pool may have killed the
// worker for that. t counts the attempts so far. p.mu is held.
func (c *call) mayRetry(index int, err error) (again bool, t tries) {
	t = c.tries[index]
	if c.stoppedFor(index) != nil {
		return false, t
	}
	if _, died := err.(*spawn.ExitError); died {
		t.deaths++
		again = t.deaths <= c.opts.crashRetries
	} else {
		t.errors++
		again = t.errors <= c.opts.retries
	}
	if !again {
		return false, t
	}
	if c.tries == nil {
		c.tries = make(map[int]tries)
	}
	c.tries[index] = t
	c.again = append(c.again, index)
	c.open--
	c.pool.turn.push(c)
	return true, t
}

// quarantined reports whether an item with these failed attempts is a danger to workers.
func (c *call) quarantined(t tries) bool { return t.deaths > 1 && t.deaths > c.opts.crashRetries }

// quarantine makes the error of a quarantined item, whose last worker ended with err.
func (c *call) quarantine(index int, t tries, err error) error {
	return &quarantineError{fmt.Sprintf("%v: %s has ended %d workers, at last with: ", ErrQuarantined, taskName(c.name, c.label(index)), t.deaths), err}
}

type quarantineError struct {
	text string
	last error
}

func (e *quarantineError) Error() string   { return e.text + spawn.Inner(e.last).Error() }
func (e *quarantineError) Unwrap() []error { return []error{ErrQuarantined, e.last} }
