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

// words is a page of words that processes share. It stays mapped for as long as anybody has one of the words.
type words struct {
	segment *shm.Segment
	used    int // by who gives them out
}

// Word is a word that an owner and its clients change by sync/atomic. What the others write is not to be trusted.
type Word struct {
	*atomic.Uint64
	page *words // keeps it mapped
}

// newWords makes a page. Its File is for the other process.
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

// keepMapped leaves it to the collector to unmap the segment: a word may be looked at when its link has long ended.
func keepMapped(segment *shm.Segment) *words {
	w := &words{segment: segment}
	runtime.AddCleanup(w, (*shm.Segment).Close, segment)
	return w
}

// word is the word of that number; false: there is none.
func (w *words) word(i uint32) (Word, bool) {
	if w == nil || i >= wordCount {
		return Word{}, false
	}
	return Word{shm.Word64(w.segment.Bytes()[i*wordLine:]), w}, true
}

// next gives out a word that nobody has had; false: there is none.
func (w *words) next() (i uint32, word Word, ok bool) {
	if w == nil || w.used >= wordCount {
		return 0, Word{}, false
	}
	i = uint32(w.used)
	w.used++
	word, ok = w.word(i)
	return i, word, ok
}
