package queue

import "time"

// SetGlance sets how long a call whose ctx is over already waits for an answer, until undo is called.
func SetGlance(d time.Duration) (undo func()) {
	old := glance
	glance = d
	return func() { glance = old }
}
