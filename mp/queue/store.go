package queue

import (
	"bytes"
	"math"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
)

// store is a queue of items in memory. Small ones lie in blocks, as records: there is nothing in them for the collector to look
// at, and they are given out many at a time as they lie there.
type store struct {
	runs  fifo[run] // only the last one may be empty: it has room
	items int
	block int // the size of the next block
}

// run is items whose numbers follow one another.
type run struct {
	first uint64 // the number of the first one
	items int
	data  []byte     // their records; of an item that is alone, its bytes
	files []*os.File // of one that is alone
	alone bool       // it is large, or has files
}

const (
	// firstBlock and lastBlock bound the sizes of blocks: each is twice as large as the one before.
	firstBlock = 1 << 10
	lastBlock  = 64 << 10
	// mostTogether is the largest item that lies in a block.
	mostTogether = 8 << 10
)

func (s *store) len() int { return s.items }

// push adds a copy of an item behind the others.
func (s *store) push(it item) {
	if len(it.files) > 0 || len(it.data) > mostTogether {
		it.data = bytes.Clone(it.data)
		s.add(alone(it))
		return
	}
	r := s.room(recordSize(len(it.data)), it.number)
	r.data = appendRecord(r.data, it.data)
	s.grew(r, 1)
}

// grew notes that the last run has got more items.
func (s *store) grew(r *run, n int) {
	r.items += n
	s.items += n
}

// room is the last run, once it has room for size more bytes of records, the first of which gets that number.
func (s *store) room(size int, number uint64) *run {
	if n := s.runs.len(); n > 0 {
		r := s.runs.at(n - 1)
		if r.items == 0 {
			r.first = number
		}
		if !r.alone && cap(r.data)-len(r.data) >= size && r.first+uint64(r.items) == number {
			return r
		}
		if r.items == 0 {
			s.runs.popLast()
		}
	}
	s.block = max(firstBlock, min(2*s.block, lastBlock))
	s.runs.push(run{first: number, data: make([]byte, 0, max(s.block, size))})
	return s.runs.at(s.runs.len() - 1)
}

func alone(it item) run { return run{it.number, 1, it.data, it.files, true} }

// add adds a run behind the others. Nobody else may use its memory.
func (s *store) add(r run) {
	if n := s.runs.len(); n > 0 && s.runs.at(n-1).items == 0 {
		s.runs.popLast()
	}
	s.runs.push(r)
	s.items += r.items
}

// unget adds an item in front.
func (s *store) unget(it item) { s.ungetRun(alone(it)) }

func (s *store) ungetRun(r run) {
	s.runs.unget(r)
	s.items += r.items
}

// pop takes the first item, which must be there.
func (s *store) pop() item {
	r := s.runs.at(0)
	it := r.pop()
	s.shorten(1)
	return it
}

func (r *run) pop() item {
	it := item{data: r.data, files: r.files, number: r.first}
	if !r.alone {
		n := firstSize(r.data)
		it.data, r.data = r.data[word:word+n:word+n], r.data[recordSize(n):]
	}
	r.first++
	r.items--
	return it
}

// shorten counts n items that were taken out of the first run.
func (s *store) shorten(n int) {
	s.items -= n
	if r := s.runs.at(0); r.items == 0 && (r.alone || s.runs.len() > 1) {
		s.runs.pop()
	}
}

// take takes the first items, as many as lie in one run and have at most so many bytes, but one at least, which must be there.
func (s *store) take(items, size int) run {
	r := s.runs.at(0)
	head := *r
	if r.alone {
		r.items = 0
	} else {
		head.items, size = r.measure(items, size)
		head.data, r.data = r.data[:size:size], r.data[size:]
		r.first += uint64(head.items)
		r.items -= head.items
	}
	s.shorten(head.items)
	return head
}

// measure is how many items, and bytes of them, r begins with: not more than that, but one at least.
func (r *run) measure(items, size int) (n, bytes int) {
	if items >= r.items && len(r.data) <= size {
		return r.items, len(r.data)
	}
	for ; n < min(items, r.items); n++ {
		k := recordSize(firstSize(r.data[bytes:]))
		if n > 0 && bytes+k > size {
			break
		}
		bytes += k
	}
	return n, bytes
}

// drop forgets the first n items, which must be there, and closes their files. It returns the number of the last one.
func (s *store) drop(n int) (number uint64) {
	for n > 0 {
		r := s.take(n, math.MaxInt)
		link.CloseAll(r.files)
		number = r.last()
		n -= r.items
	}
	return number
}

func (r *run) last() uint64 { return r.first + uint64(r.items) - 1 }

// moveLast moves the last n items, which must be there, in front of those of another store.
func (s *store) moveLast(n int, to *store) {
	s.items -= n
	for n > 0 {
		r := s.runs.popLast()
		if r.items > n {
			kept, size := r.measure(r.items-n, math.MaxInt)
			s.runs.push(run{first: r.first, items: kept, data: r.data[:size:size]})
			r = run{first: r.first + uint64(kept), items: n, data: r.data[size:len(r.data):len(r.data)]}
		}
		n -= r.items
		if r.items > 0 {
			to.ungetRun(r)
		}
	}
}

// last is the number of the last item, which must be there.
func (s *store) last() uint64 {
	r := s.runs.at(s.runs.len() - 1)
	if r.items == 0 {
		r = s.runs.at(s.runs.len() - 2)
	}
	return r.last()
}

// after is how many of the last n items have a higher number than that, up to the first one from behind that has not.
func (s *store) after(number uint64, n int) (found int) {
	for i := s.runs.len() - 1; i >= 0 && found < n; i-- {
		r := s.runs.at(i)
		if end := r.first + uint64(r.items); end <= number+1 {
			if r.items > 0 {
				break
			}
		} else if r.first > number {
			found += r.items
		} else {
			found += int(end - number - 1)
			break
		}
	}
	return min(found, n)
}
