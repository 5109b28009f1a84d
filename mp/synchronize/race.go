//go:build race

package synchronize

import "sync/atomic"

// shadow stands in for the word of a lock, which lies in memory that the race detector does not watch. Without shadow, what
// goroutines do with the lock held would look like a race.
type shadow struct{ word atomic.Uint32 }

// order is called after the lock was acquired, and before it is released.
func (s *shadow) order() { s.word.Add(1) }
