package queue

import (
	"encoding/binary"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// What a client asks the broker for. Those that are called are answered by one of the answers below; the others are sent.
const (
	opOpen   = share.FirstKind + iota // called first: the numbers of the words used, limit and ahead, if there are any
	opPut                             // an item, for which there is room
	opRoom                            // called: room for an item; a body says "now or never"
	opUnroom                          // room that is not needed after all
	opGet                             // called: an item; the body is the pace, and a byte more says "now or never"
	opUnget                           // an item that came too late, as ansItem had it
	opMore                            // there will be need of more items soon; the body is the pace: how many nanoseconds each item has taken, 0 if none has
	opTook                            // an item was taken, of which the broker wanted to be told
	opRing                            // called: the file is that of a ring for items
	opLook                            // there are items in the ring; called: to make room
	opLinked                          // how many items went over the link, after one of which it is not sure that it did
	opLen                             // called
	opDone                            // called: an item is done
	opJoin                            // called: all are
	opReady                           // called: there is an item, which stays; a body says "now or never"
	opAck                             // the item of that number is acknowledged
	opReturn                          // it comes back
	opUntold                          // an answer to opJoin came too late; the body is its second number
)

// Answers, and what is told.
const (
	ansYes    = share.FirstKind + iota // there is room; there are items, told before; it is done. Of opLen the body is a number, of opJoin how many were lost, and of how many Join has told before
	ansItem                            // an item, after its number
	ansNo                              // now or never: never
	ansClosed                          // the queue was closed
	ansWrong                           // too many are done
	evItem                             // told: an item that is sent ahead
	evItems                            // told: several, as records
)

// numberSize is how many bytes a number takes.
const numberSize = 8

// numbered is a body that begins with a number.
func numbered(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }

// number is the number that a body begins with; 0 if it is too short.
func number(body []byte) uint64 {
	if len(body) < numberSize {
		return 0
	}
	return binary.LittleEndian.Uint64(body)
}

// rest is what follows that number.
func rest(body []byte) []byte { return body[min(numberSize, len(body)):] }
