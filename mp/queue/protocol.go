package queue

import (
	"encoding/binary"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// Requests of a client to the broker. Those marked "called" get one of the answers below; the others get none. A request that
// is "now or never" does not wait for items or room: it may get ansNo.
const (
	opOpen   = share.FirstKind + iota // called first: the numbers of the words used, limit and ahead, if there are any
	opPut                             // an item, for which the client has room
	opRoom                            // called: room for an item; a body says "now or never"
	opUnroom                          // room that is not needed after all
	opGet                             // called: an item; the body is the pace, and a byte more says "now or never"
	opUnget                           // gives back an item that came too late; the body is that of ansItem
	opMore                            // more items will be needed soon; the body is the pace: nanoseconds per item taken; 0: none
	opTook                            // the client took an item: one that ansItem brought or, after the broker had set tellMe, one that it had ahead
	opRing                            // called: the file is that of a ring for items
	opLook                            // there are items in the ring; called: to make room
	opLinked                          // how many items went over the link, including one that may not have arrived
	opLen                             // called
	opDone                            // called: an item is done
	opJoin                            // called: waits until all are done
	opReady                           // called: there is an item, which stays; a body says "now or never"
	opAck                             // the item of that number is acknowledged
	opReturn                          // the item of that number comes back
	opUntold                          // an answer to opJoin came too late; the body is its second number
)

// Answers, and events for the Watcher. ansYes means that there is room, that there are items, sent ahead before, or that it is
// done. To opLen its body is a number. To opJoin it is how many items were lost, and how many lost ones Joins reported before.
const (
	ansYes    = share.FirstKind + iota
	ansItem   // an item, after its number
	ansNo     // to "now or never": never
	ansClosed // the queue was closed
	ansWrong  // too many are done
	evItem    // event: an item that is sent ahead
	evItems   // event: several, as records
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
