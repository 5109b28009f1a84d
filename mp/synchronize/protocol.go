package synchronize

import (
	"encoding/binary"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// What an object is asked.
const (
	opState   = share.FirstKind + iota // a number and a text, of which each object has its own
	opAcquire                          // the name of the caller
	opTry                              // the same
	opRelease
	opHeard  // a lock: that its holder has died; the ticket of a wait, also that its condition was closed
	opDied   // a lock: nobody has heard that its holder has died
	opWait   // a condition: a ticket
	opRejoin // its lock: the wait with this ticket shall end, with the lock
	opNotify // how many
	opSet
	opClear
	opAbort
	opReset
)

// What it answers.
const (
	answerOK = share.FirstKind + iota
	answerNo
	answerDied
	answerNotHeld
	answerBroken
	answerClosed
)

// state is the body of the answer to opState, and other numbers with a text.
func state(n uint64, text string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, n), text...)
}

// readState reads it; of a body that is too short, zeros.
func readState(body []byte) (n uint64, text string) {
	if len(body) < 8 {
		return 0, ""
	}
	return binary.LittleEndian.Uint64(body), string(body[8:])
}

// answerAll answers requests that wait.
func answerAll(waiting []share.Request, answer link.Kind) {
	for _, r := range waiting {
		r.Answer(answer, nil, nil)
	}
}
