package queue

import "time"

// However busy the machine is, no test fails for want of an answer, nor in children.
func init() { patience = time.Minute }

// SetPatience sets how long calls wait that need not wait for items or room, until undo is called.
func SetPatience(d time.Duration) (undo func()) {
	old := patience
	patience = d
	return func() { patience = old }
}

// SetGlance sets how long a call whose ctx is over already waits for an answer, until undo is called.
func SetGlance(d time.Duration) (undo func()) {
	old := glance
	glance = d
	return func() { glance = old }
}
