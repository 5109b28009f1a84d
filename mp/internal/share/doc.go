// Package share implements objects that live in the process that made them, their owner, and are used from other processes.
// Queues and locks are built on it. An object is a state machine under a mutex; it has no goroutine, and does not know
// links.
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
// The owner calls its own objects through the same Ref, without a link: it is a Client, too.
//
// A handle carries the key to its owner's door (sys.Door). At the first call, the process that has the handle knocks there
// and gets a link. This is its only link to that owner, for all its objects, and lasts as long as the process has handles
// of them. It is link.Rings where there is shared memory. The end of the link is the end of the other side: the owner frees
// what the client held, and for the client all objects of the owner are gone.
//
// A goroutine receives from the link. While it sleeps, a caller of Ref.Await may receive in its place.
//
// A frozen process blocks no call beyond its ctx: messages go through an outbox, and a Call whose ctx ends returns at once.
// If its answer comes all the same, the function that the caller passed for that gives back what the answer brings.
package share

import (
	"errors"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
)

// ErrGone is returned when the owner of an object has ended, or has dropped it.
var ErrGone = errors.New("the process that made it has ended, or has closed it")

// ErrEnded is returned, unwrapped, when the ctx of a call has ended. It does not include the cause of ctx: the caller has
// the ctx, and the cause may be any error, even one of this package from another call.
var ErrEnded = errors.New("its ctx has ended")

// ErrUnderWay is returned, unwrapped, when a ctx ends in the middle of a Send, so that the message may arrive all the same.
// This takes an owner that does not read, and a message with files, a large message, or a link without shared memory.
var ErrUnderWay = errors.New("it was being sent, and may arrive all the same")

// Kinds of share's own messages; those of objects begin at FirstKind. The upper half of a message's ID is the number of the
// object. The lower half is the number of the call, or 0 if the message belongs to none. An answer has the ID of its
// request.
const (
	kindHello     link.Kind = iota + 1 // client to owner: the owner's id; if it has shared memory, the files of link.Shared and of words
	kindWelcome                        // owner to client: its number, whether the files could be opened; the file of the owner's words
	kindCancel                         // client to owner: the caller does not wait for the answer to this call any more
	kindCancelled                      // owner to client: there will be no answer to this call
	kindGone                           // owner to client: the object does not exist any more

	// FirstKind is the first kind that objects may use.
	FirstKind link.Kind = 16
)

// callID is the ID of a message about a call of an object.
func callID(object, call uint32) uint64 { return uint64(object)<<32 | uint64(call) }

func objectOf(id uint64) uint32 { return uint32(id >> 32) }
