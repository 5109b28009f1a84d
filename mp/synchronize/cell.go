package synchronize

import (
	"sync"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// cell is what the object of a lock or semaphore has in a word, in memory that the owner and all clients share if there is any. What
// is not contended any of them changes, by compare and swap; what is, only the owner, and the others ask it to.
type cell struct {
	here view // of this process

	mu        sync.Mutex
	word      share.Word
	number    uint64 // by which clients find it, plus 1; 0: they cannot
	published bool
}

const (
	contended = 1 << 63
	elsewhere = 1 << 62 // this is not the word any more
	ownNumber = 1       // of the owner among its clients
)

// newWord is a word of this process alone.
func newWord() share.Word { return share.Word{Uint64: new(atomic.Uint64)} }

func (c *cell) init(v uint64) {
	word := newWord()
	word.Store(v)
	c.word, c.here.me = word, ownNumber
	c.here.word.Store(&word)
}

func (c *cell) itself() *cell { return c }

// publish moves the word to where clients have it, too, and returns its number. Without shared memory, nobody but the owner has it
// from then on.
func (c *cell) publish(ref *share.Ref) (uint64, error) {
	if err := ref.Publish(); err != nil {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.published {
		return c.number, nil
	}
	c.published = true
	number, word, ok := ref.NewWord()
	if !ok {
		word = newWord()
	}
	word.Store(c.word.Swap(elsewhere))
	c.word = word
	if ok {
		c.number = uint64(number) + 1
		c.here.word.Store(&word)
	} else {
		c.here.word.Store(nil)
	}
	return c.number, nil
}

// leave gives the word up, at the end. c.mu is held.
func (c *cell) leave() {
	c.word.Store(elsewhere)
	c.word, c.published = newWord(), true // the page is not ours any more
	c.here.Gone()
}
