package share

import (
	"os"
	"runtime"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

// wordCount is how many words there are in a page; each has a line of the cache to itself.
const (
	wordLine  = 64
	wordCount = 512
	wordsSize = wordCount * wordLine
)

// words is a page of words that processes share. It stays mapped for as long as the page or a Word of it is reachable.
type words struct {
	segment *shm.Segment
	used    int // how many next has given out
}

// Word is a word that an owner and its clients change by sync/atomic. Values written by other processes are not to be
// trusted.
type Word struct {
	*atomic.Uint64
	page *words // keeps it mapped
}

// newWords makes a page. The other process gets the file of its segment.
func newWords() (*words, error) {
	segment, err := shm.New(wordsSize)
	if err != nil {
		return nil, err
	}
	return keepMapped(segment), nil
}

// openWords opens a page of another process. The file stays the caller's.
func openWords(f *os.File) (*words, error) {
	segment, err := shm.Open(f, wordsSize)
	if err != nil {
		return nil, err
	}
	return keepMapped(segment), nil
}

// keepMapped has the garbage collector unmap the segment: a word may be read long after its link has ended.
func keepMapped(segment *shm.Segment) *words {
	w := &words{segment: segment}
	runtime.AddCleanup(w, (*shm.Segment).Close, segment)
	return w
}

// word returns word i; false: there is none.
func (w *words) word(i uint32) (Word, bool) {
	if w == nil || i >= wordCount {
		return Word{}, false
	}
	return Word{shm.Word64(w.segment.Bytes()[i*wordLine:]), w}, true
}

// next gives out a word that was not given out before; false: there is none.
func (w *words) next() (i uint32, word Word, ok bool) {
	if w == nil || w.used >= wordCount {
		return 0, Word{}, false
	}
	i = uint32(w.used)
	w.used++
	word, ok = w.word(i)
	return i, word, ok
}
