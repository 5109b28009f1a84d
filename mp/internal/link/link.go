// Package link is the channel between two processes: messages with a kind and a number, delivered whole and in order,
// that may carry files. Stream runs over a connected socket; Rings runs over memory that both processes map, with a Stream
// beside it; Memory is their twin inside one process, for tests of what stands above and for workers that are goroutines.
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

// ErrFilesLost is why a message that is Lost is.
var ErrFilesLost = sys.ErrFilesLost

// ErrClosed is returned by the methods of a link after its Close.
var ErrClosed = errors.New("the link is closed")

// ErrGone is returned to a sender when the peer is gone, or will be told that this end is: nothing can be sent over the link any
// more. What the peer has sent before can still be received, and then the link ends.
var ErrGone = errors.New("the peer is gone")

// Link is one end. Any number of goroutines may send; one at a time may receive. Close ends whatever waits.
//
// There are two ways through it. What is sent waits its turn and comes out of Recv. What is urged, to cancel or to stop
// something, does not wait until the peer has finished what it does and asks for more: it goes to the function of its Heed.
// Between the two, what was urged first is heeded first.
//
// Nothing here takes a context: a wait on a link ends when the peer reads, writes or dies, and whoever owns the peer
// can kill it.
type Link interface {
	// Send hands m to the peer and wakes it. When it returns, m.Body is the caller's again and m.Files are still the
	// caller's. It blocks while the peer does not read and the link's buffers are full.
	Send(m Msg) error
	// Post is Send, body, files and blocking, without the hurry: the peer may see m at any time, and sees it at the next Flush or Send at the
	// latest. It is for the sender that has more to say at once.
	Post(m Msg) error
	// Flush wakes the peer for what was posted and returns once everything that was sent is out of this process's
	// hands: a process that is about to exit calls it. It blocks as Send does.
	Flush() error
	// Reserve returns a message to be sent whose Body is empty and, if n bytes are many, memory of the link's: a body that is
	// appended to it, and does not outgrow it, is sent without being copied. Send and Post take it over, and Release gives it
	// back when it is not sent after all. It does not wait: when there is no such memory, the message is the zero one.
	Reserve(n int) Msg
	// Urge sends m, which has no files and a small body, past everything that waits for the peer's Recv. The body is the caller's
	// again when it returns. It blocks while the peer's process does not read at all, however busy its Recv is.
	Urge(m Msg) error
	// Heed gives what the peer urges to f, in a goroutine of the link's, one message after the other, from now on to the end
	// of the link; that f is told with the error that Recv returns, too, after which it is not called any more. The body is
	// f's to Release. Heed is called at most once. A link that nobody heeds returns from Recv what is urged as well; Rings
	// must be heeded before their Recv.
	Heed(f func(m Msg, end error))
	// Recv waits for the next message and returns it. Its body is borrowed from the link until Release; its files are the
	// caller's. It returns io.EOF when the peer is gone, and an error after Close.
	Recv() (Msg, error)
	// Poll reports whether Recv would return at once. It is for the goroutine that receives, and only once the link is heeded.
	Poll() bool
	// Journal is where one end notes what it is at for the other one to see; nil where there is none, as over a socket.
	Journal() *Journal
	// Close ends the link for both ends. What was flushed before still reaches the peer.
	Close() error
}

// Kind says what a message means; the packages above give the numbers their meaning.
type Kind uint8

// Msg is one message, received, to be sent, or reserved.
type Msg struct {
	Kind  Kind
	ID    uint64     // of any meaning, as Kind says
	Body  []byte     // borrowed until Release, of a message that was received
	Files []*os.File // of a message that was received, the receiver's to close
	Lost  bool       // of a message that was received: it had files, and there are none, since this process had no room for them

	lender lender
}

// lender is what a body was borrowed from: a read buffer, a slab of shared memory.
type lender interface{ release() }

// InPlace reports whether the body lies in memory that was reserved for it. Without files, Send then has little to write.
func (m *Msg) InPlace() bool {
	loan, ok := m.lender.(*slotLoan)
	return ok && loan.holds(m.Body)
}

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
