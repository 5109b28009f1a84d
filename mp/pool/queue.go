package pool

import "slices"

// queue is a queue of calls; each is in it at most once.
type queue struct {
	calls []*call
	head  int
}

// push puts c at the end, unless it is in the queue.
func (q *queue) push(c *call) {
	if !c.queued {
		c.queued = true
		q.calls = append(q.calls, c)
	}
}

// only reports whether there is no other call than c in the queue.
func (q *queue) only(c *call) bool {
	waiting := q.calls[q.head:]
	return len(waiting) == 0 || len(waiting) == 1 && waiting[0] == c
}

func (q *queue) empty() bool { return q.head == len(q.calls) }

// pop takes the first call out; nil when there is none.
func (q *queue) pop() *call {
	if q.empty() {
		return nil
	}
	c := q.calls[q.head]
	q.calls[q.head] = nil
	if q.head++; q.head > len(q.calls)/2 { // more than half of calls is unused
		q.calls = slices.Delete(q.calls, 0, q.head)
		q.head = 0
	}
	c.queued = false
	return c
}
