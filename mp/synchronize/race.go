//go:build race

package synchronize

import "sync/atomic"

// shadow is a word on the heap that stands in for a lock's, at which the race detector does not look: without it, what
// goroutines do with the lock held would look like a race.
type shadow struct{ word atomic.Uint32 }

// order is called after the lock was acquired, and before it is released.
func (s *shadow) order() { s.word.Add(1) }
