package synchronize

import (
	"sync"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// cell is the word of a lock or semaphore, in the object. It lies in memory that the owner shares with all clients, if
// there is any. While the word is not contended, each of them may change it, by compare and swap. A contended word only the
// owner changes, and the others ask it to.
type cell struct {
	here view // of the owner

	mu        sync.Mutex
	word      share.Word
	number    uint64 // of the word, for clients, plus 1; 0: they do not have it
	published bool
}

const (
	contended = 1 << 63
	elsewhere = 1 << 62 // the word has moved (publish), or was given up (leave)
	ownNumber = 1       // the owner's number as a client
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

// publish moves the word to shared memory, for clients, and returns its number, plus 1. Without shared memory it returns 0;
// from then on the word is changed only under c.mu, and goroutines of the owner send requests, too.
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

// leave gives the word up when the object is closed. c.mu is held.
func (c *cell) leave() {
	c.word.Store(elsewhere)
	c.word, c.published = newWord(), true // the object does not use the shared page any more
	c.here.Gone()
}
