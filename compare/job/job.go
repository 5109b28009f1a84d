// Package job is what every way of docs/COMPARE.md is given to run.
package job

import (
	"errors"
	"os"
	"sync"
)

// Kind says what Do is to do.
type Kind int

const (
	Square  Kind = iota // n squared
	Crash               // dies as no recover can help: an unlock of an unlocked mutex, as fatal as a fault in C
	Endless             // never returns, and does not look at any ctx
	Hog                 // takes n MiB of memory and touches it
	Count               // how many calls of Count there were in this process, this one included
	Read                // how many entries the root directory has
	Work                // n rounds of arithmetic
)

// Counted is package state, as C libraries and many packages have it.
var Counted int

// Do does it.
func Do(kind Kind, n int) (int, error) {
	switch kind {
	case Square:
		return n * n, nil
	case Crash:
		var mu sync.Mutex
		mu.Unlock()
	case Endless:
		for n := uint(0); ; n++ {
			Sink = n
		}
	case Hog:
		memory := make([]byte, n<<20)
		for range 20 { // long enough for somebody to look
			for i := 0; i < len(memory); i += 4096 {
				memory[i]++
			}
		}
		return len(memory) >> 20, nil
	case Count:
		Counted++
		return Counted, nil
	case Read:
		entries, err := os.ReadDir("/")
		return len(entries), err
	case Work:
		x := uint(n)
		for range n {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
		}
		Sink = x
		return n, nil
	}
	return 0, errors.New("no such job")
}

// Sink keeps the compiler from leaving loops out.
var Sink uint
