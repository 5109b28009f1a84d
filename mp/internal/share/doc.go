// Package share is objects that live in the process that made them, their owner, and are used from others: queues and
// locks stand on it. An object is a state machine under a mutex; it has no goroutine, and does not know links.
//
//	owner                                       another process
//
//	Ref := New("Lock", object)                  Ref, of a handle that was decoded
//	Ref.Call, Ref.Send ──► Object.Request ◄──── Ref.Call, Ref.Send, over the one link of this pair of processes
//	Request.Answer ──► the Call returns         the Call returns
//	                       Object.Cancel ◄───── the ctx of a Call has ended
//	                       Object.Left ◄─────── the process has ended
//	Client.Tell ────────────────────────────►   Watcher.Event
//	Ref.Drop ───────────────────────────────►   Watcher.Gone; every Call ends with ErrGone
//
// The owner calls its own objects by the same Ref, without a link: it is a Client, too.
//
// A process that has a handle has the key to the owner's door (sys.Door). At the first call it knocks and gets a link, which
// is the only one for all objects of that owner, and lasts as long as there are handles of it in this process. It is
// link.Rings where there is shared memory. When it ends, the other side has ended: an owner frees what the client has held,
// and for a client all objects of the owner are gone.
//
// A goroutine receives what comes over the link; while it sleeps, one that calls Ref.Await may do so in its place.
//
// Nobody waits for a frozen peer. What is sent goes through an outbox; a Call whose ctx ends returns at once, whatever the
// owner does, and an answer that comes all the same is given back by the function that the caller has left for that.
package share

import (
	"errors"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
)

// ErrGone is returned when the owner of an object has ended, or has dropped it.
var ErrGone = errors.New("the process that made it has ended, or has closed it")

// ErrEnded is returned, as it is, when the ctx of a call has ended. The caller has the ctx: its cause is not part of the error, as it
// may be any, also one of these that somebody else has got.
var ErrEnded = errors.New("its ctx has ended")

// ErrUnderWay is returned, as it is, when a ctx has ended in the middle of a Send, so that what was sent may arrive all the same. It
// takes a message with files, or a large one, or a link without shared memory, and an owner that does not read.
var ErrUnderWay = errors.New("it was being sent, and may arrive all the same")

// Kinds of messages that belong to share; those of objects begin at FirstKind. The ID of a message is the number of the object
// and, in the lower half, that of the call: an answer has the ID of its request. 0 is no call.
const (
	kindHello     link.Kind = iota + 1 // client to owner: the owner's id; the files of link.Shared, if there is one, and of words
	kindWelcome                        // owner to client: its number, whether the owner has these; the file of the owner's words
	kindCancel                         // client to owner: nobody waits for the answer to this call any more
	kindCancelled                      // owner to client: and there will be none
	kindGone                           // owner to client: there is no such object any more

	// FirstKind is the first kind that objects may use.
	FirstKind link.Kind = 16
)

// callID is the ID of a message about a call of an object.
func callID(object, call uint32) uint64 { return uint64(object)<<32 | uint64(call) }

func objectOf(id uint64) uint32 { return uint32(id >> 32) }
