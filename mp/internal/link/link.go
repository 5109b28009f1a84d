// Package link is the channel between two processes: messages with a kind and a number, delivered whole and in order,
// that may carry files. Stream runs over a connected socket; Memory is its twin inside one process, for tests of what
// stands above and for workers that are goroutines.
//
// A link says when its peer is gone: Recv ends with io.EOF, whatever the peer was doing when it died. What it had sent
// before is delivered first.
package link

import (
	"errors"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// ErrNotSent is returned by Send when a message could not be sent because of its files: one is closed, or they are too
// many. The link is as good as before.
var ErrNotSent = sys.ErrNotSent

// ErrClosed is returned by the methods of a link after its Close.
var ErrClosed = errors.New("link closed")

// Link is one end. Any number of goroutines may send; one at a time may receive. Close ends whatever waits.
//
// Nothing here takes a context: a wait on a link ends when the peer reads, writes or dies, and whoever owns the peer
// can kill it.
type Link interface {
	// Send hands m to the peer and wakes it. When it returns, m.Body is the caller's again and m.Files are still the
	// caller's. It blocks while the peer does not read and the link's buffers are full.
	Send(m Msg) error
	// Post is Send without the hurry: the peer may see m at any time, and sees it at the next Flush or Send at the
	// latest. It is for the sender that has more to say at once.
	Post(m Msg) error
	// Flush wakes the peer for what was posted and returns once everything that was sent is out of this process's
	// hands: a process that is about to exit calls it.
	Flush() error
	// Recv returns the next message. Its body is borrowed from the link until Release; its files are the caller's.
	Recv() (Msg, error)
	// Close ends the link for both ends. What was flushed before still reaches the peer.
	Close() error
}

// Kind says what a message means; the packages above give the numbers their meaning.
type Kind uint8

// Msg is one message.
type Msg struct {
	Kind  Kind
	ID    uint64
	Body  []byte
	Files []*os.File

	lender lender
}

// lender is what a received body was borrowed from: a read buffer, a slab of shared memory.
type lender interface{ release() }

// Release gives the body back to the link that lent it; the body must not be touched afterwards. Releasing late or
// never costs memory, never correctness.
func (m *Msg) Release() {
	if m.lender != nil {
		m.lender.release()
		m.lender, m.Body = nil, nil
	}
}

// CloseFiles closes the files of a message that nobody wants.
func (m *Msg) CloseFiles() {
	CloseAll(m.Files)
	m.Files = nil
}
