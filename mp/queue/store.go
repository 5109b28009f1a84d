package queue

import (
	"bytes"
	"math"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
)

// store is a queue of items in memory. Small ones lie in blocks, as records. The garbage collector does not scan blocks,
// and records are given out many at a time, as they lie there.
type store struct {
	runs  fifo[run] // only the last one may be empty: it has room
	items int
	block int    // the size of the next block
	spare []byte // a free block of the largest size; nil: there is none
}

// run is items with consecutive numbers.
type run struct {
	first uint64 // the number of the first one
	items int
	data  []byte     // their records; of an item that is alone, its bytes
	files []*os.File // of an item that is alone
	alone bool       // it is one item, which is large or has files
	block []byte     // the block in which the records lie, empty; nil: other runs lie in it, too
}

const (
	// firstBlock and lastBlock bound the sizes of blocks: each is twice as large as the one before. Blocks of the largest
	// size are reused.
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

// grew counts n items that were appended to r, the last run.
func (s *store) grew(r *run, n int) {
	r.items += n
	s.items += n
}

// room returns a last run that has room for size more bytes of records. The number of its next item is number.
func (s *store) room(size int, number uint64) *run {
	if n := s.runs.len(); n > 0 {
		r := s.runs.at(n - 1)
		if r.items == 0 {
			r.first = number
		}
		if !r.alone && cap(r.data)-len(r.data) >= size && r.first+uint64(r.items) == number {
			return r
		}
	}
	s.dropEmpty()
	block := s.spare
	s.spare = nil
	if cap(block) < size || block == nil {
		s.block = max(firstBlock, min(2*s.block, lastBlock))
		block = make([]byte, 0, max(s.block, size))
	}
	s.runs.push(run{first: number, data: block, block: block})
	return s.runs.at(s.runs.len() - 1)
}

// dropEmpty drops the last run if it is empty.
func (s *store) dropEmpty() {
	if n := s.runs.len(); n > 0 && s.runs.at(n-1).items == 0 {
		s.free(s.runs.popLast())
	}
}

// free keeps the block of a run that is not used any more.
func (s *store) free(r run) {
	if cap(r.block) == lastBlock {
		s.spare = r.block
	}
}

func alone(it item) run {
	return run{first: it.number, items: 1, data: it.data, files: it.files, alone: true}
}

// add adds a run behind the others. The store takes over its memory.
func (s *store) add(r run) {
	s.dropEmpty()
	s.runs.push(r)
	s.items += r.items
}

// unget adds an item in front.
func (s *store) unget(it item) { s.ungetRun(alone(it)) }

func (s *store) ungetRun(r run) {
	s.runs.unget(r)
	s.items += r.items
}

// pop takes the first item, which must be there. Its bytes are the caller's; they lie in buf if they fit.
func (s *store) pop(buf []byte) item {
	r := s.runs.at(0)
	it := r.pop(buf)
	s.shorten(1)
	return it
}

func (r *run) pop(buf []byte) item {
	it := item{data: r.data, files: r.files, number: r.first}
	if !r.alone {
		n := firstSize(r.data)
		it.data, r.data = append(buf[:0], r.data[word:word+n]...), r.data[recordSize(n):]
	}
	r.first++
	r.items--
	return it
}

// shorten counts n items that were taken out of the first run, and drops the run if it is empty.
func (s *store) shorten(n int) {
	s.items -= n
	switch r := s.runs.at(0); {
	case r.items > 0:
	case r.alone || s.runs.len() > 1:
		s.free(s.runs.pop())
	case r.block != nil:
		r.data = r.block
	}
}

// take takes the first items: as many as lie in one run and have at most size bytes, but not more than items. It takes at
// least one, which must be there.
func (s *store) take(items, size int) run {
	r := s.runs.at(0)
	head := *r
	if r.alone {
		r.items = 0
	} else {
		head.items, size = r.measure(items, size)
		head.data, r.data = r.data[:size:size], r.data[size:]
		head.block, r.block = nil, nil
		r.first += uint64(head.items)
		r.items -= head.items
	}
	s.shorten(head.items)
	return head
}

// measure returns how many items r begins with, up to items and up to size bytes, and how many bytes they have. It is at
// least one item.
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
		r := s.runs.at(0)
		items, size := r.measure(n, math.MaxInt)
		number = r.first + uint64(items) - 1
		link.CloseAll(r.files)
		r.first, r.items, r.data = number+1, r.items-items, r.data[size:]
		s.shorten(items)
		n -= items
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

// first is the number of the first item, which must be there.
func (s *store) first() uint64 { return s.runs.at(0).first }

// last is the number of the last item, which must be there.
func (s *store) last() uint64 {
	r := s.runs.at(s.runs.len() - 1)
	if r.items == 0 {
		r = s.runs.at(s.runs.len() - 2)
	}
	return r.last()
}

// after counts, from the last item back to the first one that does not match, the items whose number is higher than number.
// It returns n at most.
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
