package share

import (
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
)

// Object is the part of an object that lives in its owner. Its methods are called by several goroutines, and must not
// block: a request that has to wait is noted, and answered later. They may call Answer and Tell while they hold the mutex
// of the object.
type Object interface {
	// Request handles a call or a message of a client.
	Request(r Request)
	// Cancel says that the client does not wait for the answer to request id any more. If the request still waits, Cancel
	// forgets it and reports true. If it was answered, the client gives back what it got.
	Cancel(c *Client, id uint64) bool
	// Left says that the client has ended. No request of it follows. Left is called for every client, also for those that
	// have never used the object.
	Left(c *Client)
}

// Rester is an Object that does part of its work for several requests together. Rest is called when no more requests of a
// client are there to be read.
type Rester interface{ Rest() }

// FileTaker is an Object that takes files: those of the requests for which TakesFiles reports true are its own. All other files
// that another process sends with a request are closed.
type FileTaker interface{ TakesFiles(op link.Kind) bool }

func takesFiles(o Object, op link.Kind) bool {
	t, ok := o.(FileTaker)
	return ok && t.TakesFiles(op)
}

// Request is what a client asks for.
type Request struct {
	Client *Client
	ID     uint64 // for Cancel
	Op     link.Kind
	Body   []byte     // valid until Request returns
	Files  []*os.File // for a FileTaker
}

// Wanted reports whether the client waits for an answer: the request is a Call, not a Send.
func (r *Request) Wanted() bool { return uint32(r.ID) != 0 }

// Answer ends the call, which returns this kind, and copies of body and files. It does nothing if Cancel has reported true
// for the call, or its client has left.
func (r *Request) Answer(kind link.Kind, body []byte, files []*os.File) {
	if r.Wanted() {
		r.Client.send(link.Msg{Kind: kind, ID: r.ID, Body: body, Files: files})
	}
}
