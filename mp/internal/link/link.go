// Package link is the channel between two processes: messages with a kind and a number, delivered whole and in order,
// that may carry files. Stream runs over a connected socket. Rings runs over memory that both processes map, with a Stream
// beside it. InProcess is the same inside one process, for workers that are goroutines and for the tests of other packages.
//
// A link notices when its peer is gone: Recv ends with io.EOF, whatever the peer was doing when it died. What the peer had
// sent before is delivered first.
package link

import (
	"errors"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// ErrNotSent is returned by Send when a message could not be sent because of its files: one is closed, or there are too
// many. The link can still be used.
var ErrNotSent = sys.ErrNotSent

// ErrFilesLost says that the files of a message were lost on arrival: see Msg.Lost.
var ErrFilesLost = sys.ErrFilesLost

// ErrClosed is returned by the methods of a link after its Close.
var ErrClosed = errors.New("the link is closed")

// ErrGone is returned to a sender when the peer is gone, or when a write has failed, after which the peer sees this end as
// gone. Nothing can be sent over the link any more. What the peer sent before can still be received; then the link ends.
var ErrGone = errors.New("the peer is gone")

// Link is one end. Any number of goroutines may send; one at a time may receive. Close ends every wait.
//
// Messages go two ways. A message of Send waits its turn and comes out of the peer's Recv. A message of Urge, to cancel or to
// stop something, goes to the function that the peer gave to Heed, even while the peer is busy and does not receive. A message
// urged before another was sent is heeded before the other is received.
//
// Nothing here takes a context: a wait on a link ends when the peer reads, writes or dies, and the peer's owner can kill it.
type Link interface {
	// Send sends m to the peer and wakes it. When it returns, the caller may reuse m.Body; m.Files stay the caller's. It
	// blocks while the peer does not read and the link's buffers are full.
	Send(m Msg) error
	// Post is Send without waking the peer, for a sender that has more to send at once. The peer may see m at any time, and
	// sees it at the next Flush or Send at the latest. Body, files and blocking are as with Send.
	Post(m Msg) error
	// Flush wakes the peer for what was posted, and returns once nothing that was sent depends on this process any more. A
	// process that is about to exit calls it. It blocks as Send does.
	Flush() error
	// Reserve returns a message whose Body is empty. If n bytes are many, the Body's capacity is memory of the link: a body
	// that is appended there, and does not outgrow it, is sent without being copied. Send and Post take the memory over;
	// Release gives back that of a message that is not sent after all. Reserve does not wait: if there is no such memory, it
	// returns the zero Msg.
	Reserve(n int) Msg
	// Urge sends m, which has no files and a small body, past everything that waits for the peer's Recv. When it returns, the
	// caller may reuse the body. It does not wait for the peer's Recv, however busy that is, but blocks while the peer's
	// process does not read at all.
	Urge(m Msg) error
	// Heed makes the link call f for every urged message, one after the other, in a goroutine of its own, until the end of
	// the link. The last call of f has the error that Recv returns, too. f must Release the bodies. Heed is called at most
	// once. Without Heed, Recv returns urged messages as well; Rings need Heed before Recv.
	Heed(f func(m Msg, end error))
	// Recv waits for the next message. Its body is borrowed from the link until Release; its files are the caller's. It
	// returns io.EOF when the peer is gone, and an error after Close.
	Recv() (Msg, error)
	// Poll reports whether Recv would return at once. It is for the receiving goroutine, after Heed.
	Poll() bool
	// Journal is where one end notes its progress for the other one to see. It is nil if the link has none, as over a socket.
	Journal() *Journal
	// Close ends the link for both ends. What was flushed before still reaches the peer.
	Close() error
}

// Kind says what a message means; the packages above give the numbers their meaning.
type Kind uint8

// Msg is one message, received, to be sent, or reserved.
type Msg struct {
	Kind  Kind
	ID    uint64     // its meaning depends on Kind
	Body  []byte     // received: borrowed until Release
	Files []*os.File // received: the receiver closes them
	Lost  bool       // received: the message had files, but this process had no descriptors left for them

	lender lender
}

// lender is the memory that a body was borrowed from: a read buffer or a slab.
type lender interface{ release() }

// InPlace reports whether the body lies in memory from Reserve. Without files, Send then has little to write.
func (m *Msg) InPlace() bool {
	loan, ok := m.lender.(*slotLoan)
	return ok && loan.holds(m.Body)
}

// Release gives the body back to the link that lent it. The body must not be touched afterwards. Releasing late or never only
// costs memory.
func (m *Msg) Release() {
	if m.lender != nil {
		m.lender.release()
		m.lender, m.Body = nil, nil
	}
}

// CloseFiles closes the files of a message that is not used.
func (m *Msg) CloseFiles() {
	CloseAll(m.Files)
	m.Files = nil
}
