package queue

// fifo is a queue in memory that takes items at both ends.
type fifo[T any] struct {
	ring  []T // its length is a power of two
	first int
	count int
}

func (f *fifo[T]) len() int { return f.count }

func (f *fifo[T]) at(i int) *T { return &f.ring[(f.first+i)&(len(f.ring)-1)] }

func (f *fifo[T]) grow() {
	if f.count < len(f.ring) {
		return
	}
	ring := make([]T, max(8, 2*len(f.ring)))
	n := copy(ring, f.ring[f.first:])
	copy(ring[n:], f.ring[:f.first])
	f.ring, f.first = ring, 0
}

func (f *fifo[T]) push(v T) {
	f.grow()
	f.count++
	*f.at(f.count - 1) = v
}

// unget adds v in front.
func (f *fifo[T]) unget(v T) {
	f.grow()
	f.first = (f.first - 1) & (len(f.ring) - 1)
	f.count++
	f.ring[f.first] = v
}

// pop takes the first one, which must be there.
func (f *fifo[T]) pop() T {
	var none T
	p := f.at(0)
	v := *p
	*p = none
	f.first = (f.first + 1) & (len(f.ring) - 1)
	f.count--
	if f.count == 0 && len(f.ring) > mostKept {
		f.ring, f.first = nil, 0
	}
	return v
}

// popLast takes the last one, which must be there.
func (f *fifo[T]) popLast() T {
	var none T
	p := f.at(f.count - 1)
	v := *p
	*p = none
	f.count--
	return v
}

// mostKept is the largest ring that an empty fifo keeps.
const mostKept = 4096

// remove takes out those that match, and reports whether there were any.
func (f *fifo[T]) remove(match func(*T) bool) (found bool) {
	for n := f.count; n > 0; n-- {
		v := f.pop()
		if match(&v) {
			found = true
			continue
		}
		f.push(v)
	}
	return found
}
