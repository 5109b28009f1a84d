package share

import (
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
)

// Object is what an owner has. Its methods are called by several goroutines, and must not block: who has to wait is
// noted, and answered later. They may answer and tell while they hold the mutex of the object.
type Object interface {
	// Request is a call or a message of a client. Its files belong to the object.
	Request(r Request)
	// Cancel says that nobody waits for the answer to the request any more. If it was noted, it is forgotten, and Cancel
	// reports true. If it was answered, the client gives back what it got.
	Cancel(c *Client, id uint64) bool
	// Left says that the client has ended. Nothing of it comes afterwards. It is called for every client, also for those
	// that have never used the object.
	Left(c *Client)
}

// Rester is an Object that does part of its work for several requests together: Rest is called when a client has asked for
// all that it asks for now.
type Rester interface{ Rest() }

// Request is what a client asks for.
type Request struct {
	Client *Client
	ID     uint64 // for Cancel
	Op     link.Kind
	Body   []byte // until Request returns
	Files  []*os.File
}

// Wanted reports whether an answer is wanted: it was a Call and no Send.
func (r *Request) Wanted() bool { return uint32(r.ID) != 0 }

// Answer ends the call: it returns this kind, body and files, of which copies are made. To one that was cancelled or
// whose client has left, it does nothing.
func (r *Request) Answer(kind link.Kind, body []byte, files []*os.File) {
	if r.Wanted() {
		r.Client.send(link.Msg{Kind: kind, ID: r.ID, Body: body, Files: files})
	}
}
