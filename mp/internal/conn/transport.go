package conn

import (
	"context"
	"errors"
	"math"
	"os"
)

// transport is what messages go over: shared memory, or a stream. One goroutine at a time sends, and one receives; interrupt may
// be called at any time, close only when nobody is at work. A wait that the ctx has ended is errOver.
type transport interface {
	// send sends a message. intact: an error has left the connection as it was.
	send(ctx context.Context, h head, body []byte, files []*os.File) (intact bool, err error)
	// next waits for a message and returns its head; the same one again until finish.
	next(ctx context.Context) (head, error)
	// read reads some of the body, at least a byte. It returns errTakenBack if there will be no more: the sender has
	// changed its mind, and next is the message after it.
	read(ctx context.Context, p []byte) (int, error)
	// finish returns the files of a message whose body was read to its end.
	finish() ([]*os.File, error)
	// pack returns a seed of this end for another process. Nobody is at work.
	pack() (seed, error)
	interrupt()
	close()
}

// seed is an end that is not open yet, as it travels.
type seed interface {
	open() (transport, error)
	// parts are the state and the files that travel; the files stay the seed's.
	parts() (kind seedKind, state []byte, files []*os.File)
	close()
}

// head is what there is to know of a message before its body.
type head struct {
	kind  kind
	sum   uint64 // of the type of a value
	files int
	size  int // of the body
}

type kind uint8

const (
	kindBytes  kind = iota // as they are
	kindValue              // encoded by the plan of its type
	kindMemory             // a slice of numbers, as it lies in memory
	kindFiles
	kinds
)

// sane reports whether a head that has arrived can be one of ours.
func (h head) sane() bool {
	switch {
	case h.files < 0 || h.files > mostFiles:
		return false
	case h.kind == kindBytes:
		return h.files == 0
	case h.kind == kindFiles:
		return h.size == 0
	}
	return h.kind < kinds
}

const (
	// mostFiles is how many files a message may carry.
	mostFiles = 4096
	// mostSize is how long a message may be; nobody has as much memory.
	mostSize = math.MaxInt / 2
)

var (
	errTakenBack = errors.New("the message was taken back")
	errOver      = errors.New("the ctx is over")
	// ErrCorrupt: what the other end has sent is no message, or none that belongs there.
	ErrCorrupt = errors.New("the other end has sent what is no message")
)
