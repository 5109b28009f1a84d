package queue

import "time"

// Tests and their children wait long for an owner's answer, so that no test fails because the machine is busy.
func init() { patience = time.Minute }

// SetPatience sets how long a call that does not wait for items or room waits for the owner's answer, until undo is called.
func SetPatience(d time.Duration) (undo func()) {
	old := patience
	patience = d
	return func() { patience = old }
}

// SetGlance sets how long a call whose ctx has ended before waits for the owner's answer, until undo is called.
func SetGlance(d time.Duration) (undo func()) {
	old := glance
	glance = d
	return func() { glance = old }
}
