package pool

import (
	"errors"
	"os"
	"slices"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// departure is for the argument of a Submit or an Apply that holds objects which one process has at a time
// (wire.Passenger). They leave the caller when Submit takes the call, and the pool when the message is sent. After that the
// argument cannot be sent again. It is itself the passenger of that message.
type departure struct {
	from  *wire.Buffer // holds the passengers that leave the caller
	files []*os.File   // the pool's duplicates
	gone  atomic.Bool
}

// depart takes over the passengers of an argument; nil if it has none.
func depart(encoded *wire.Buffer) *departure {
	if !encoded.Boarded() {
		return nil
	}
	return &departure{from: encoded.Transfer(), files: slices.Clone(encoded.Files)} // encoded may be used again before Sent
}

var errDeparted = errors.New("it holds an object that one process has at a time, such as an end of a Pipe, and the worker that had it is gone")

// Sent is documented with wire.Passenger.
func (d *departure) Sent() {
	d.gone.Store(true)
	link.CloseAll(d.files)
}

// Kept is documented with wire.Passenger.
func (d *departure) Kept() {}
