package spawn

import (
	"errors"
	"testing"
	"time"
)

// One OOM kill of the kernel explains the death of one child only, which was started before the kill.
func TestClaims(t *testing.T) {
	count := 5 // before any child was started
	var err error
	k := kills{read: func() (int, error) { return count, err }}
	first := k.count()
	count++ // kills the first one, or a stranger
	second, third := k.count(), k.count()
	count++
	if !k.claim(second) {
		t.Error("one kill since it was started, and it was not by it")
	}
	if k.claim(third) {
		t.Error("one kill is the death of two")
	}
	if !k.claim(first) {
		t.Error("what the younger one could not have died of is left for the older one")
	}
	if k.claim(first) {
		t.Error("there were two kills, and three have died of them")
	}
	count++
	if !k.claim(first) || k.claim(first) {
		t.Error("a third kill")
	}

	err = errors.New("no counter")
	before := k.count()
	if k.claim(before) || k.claim(0) {
		t.Error("it guesses")
	}
	err = nil
	if k.claim(before) {
		t.Error("nobody knows how many there were when it was started")
	}
}

func TestNextLook(t *testing.T) {
	for left, want := range map[int64]time.Duration{
		0:        time.Millisecond,
		1 << 20:  time.Millisecond,
		64 << 20: 7812500 * time.Nanosecond,
		8 << 30:  50 * time.Millisecond,
		1 << 62:  50 * time.Millisecond,
	} {
		if got := nextLook(left); got != want {
			t.Errorf("with %d bytes left it looks again after %v, want %v", left, got, want)
		}
	}
}
