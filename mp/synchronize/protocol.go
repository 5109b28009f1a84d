package synchronize

import (
	"encoding/binary"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// Requests to an object, and their bodies.
const (
	opState   = share.FirstKind + iota // asks for a number and a text, whose meaning depends on the object
	opAcquire                          // the name of the caller
	opTry                              // the same
	opRelease
	opReturn // what the object has given, by its answer, to a caller that did not wait any more
	opHeard  // the client has heard: from a lock, of a death or, with a ticket, of the condition's Close; from a semaphore, what it was given
	opDied   // to a lock: the client was told of a death, but its caller did not wait any more
	opWait   // to a condition, with a ticket; to an event or barrier
	opRejoin // to a condition's lock: end the wait with this ticket, and acquire the lock
	opNotify // how many
	opSet
	opClear
	opPass // to a barrier: opWait of a party that does not wait; unless it is the last one, the barrier breaks
	opAbort
	opReset
)

// Its answers.
const (
	answerOK = share.FirstKind + iota
	answerNo
	answerDied
	answerNotHeld
	answerBroken
	answerClosed
)

// state encodes a number and a text: the answer to opState, and the bodies of other messages.
func state(n uint64, text string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, n), text...)
}

// readState decodes what state has encoded. A body that is too short gives zeros.
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
