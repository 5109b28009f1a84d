package conn

import (
	"context"
	"errors"
	"math"
	"os"
)

// transport carries messages: shared memory, or a stream. One goroutine at a time sends, and one receives. interrupt may be
// called at any time, close only when no other method runs. When a ctx ends a wait, the error is errOver.
type transport interface {
	// send sends a message. intact: the connection can still be used in spite of the error.
	send(ctx context.Context, h head, body []byte, files []*os.File) (intact bool, err error)
	// next waits for a message and returns its head. It returns the same head until finish.
	next(ctx context.Context) (head, error)
	// read reads some of the body, at least a byte. It returns errTakenBack if the sender has taken the message back: next is
	// then the message after it.
	read(ctx context.Context, p []byte) (int, error)
	// finish returns the files of a message whose body was read to its end.
	finish() ([]*os.File, error)
	// pack returns a seed of this end for another process. No other method runs.
	pack() (seed, error)
	interrupt()
	close()
}

// seed is an end that is not open yet. An end travels as a seed.
type seed interface {
	open() (transport, error)
	// parts are the state and the files that travel. The seed still owns the files.
	parts() (kind seedKind, state []byte, files []*os.File)
	close()
}

// head describes a message before its body.
type head struct {
	kind  kind
	sum   uint64 // checksum of the type of a value
	files int    // how many
	size  int    // of the body, in bytes
}

type kind uint8

const (
	kindBytes  kind = iota // as they are
	kindValue              // encoded by the plan of its type
	kindMemory             // a slice of numbers, as it is in memory
	kindFiles
	kinds
)

// sane reports whether a head that has arrived can come from this library.
func (h head) sane() bool {
	switch {
	case h.files < 0 || h.files > mostFiles:
		return false
	case h.kind == kindBytes || h.kind == kindMemory:
		return h.files == 0
	case h.kind == kindFiles:
		return h.size == 0
	}
	return h.kind < kinds
}

const (
	// mostFiles is how many files a message may carry.
	mostFiles = 4096
	// mostSize is how long a message may be. It is more than any memory.
	mostSize = math.MaxInt / 2
)

var (
	errTakenBack = errors.New("the message was taken back")
	errOver      = errors.New("the ctx is over")
	// ErrCorrupt says that the other end has sent something that is no message, or a message that does not belong there.
	ErrCorrupt = errors.New("the other end has sent what is no message")
)
