package pool

import (
	"errors"
	"os"
	"slices"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// departure sees the argument of a Submit off that holds what one process has at a time. It leaves the caller with Submit, and
// the pool when it is sent; then it cannot be sent again.
type departure struct {
	from  *wire.Buffer // whose passengers leave the caller
	files []*os.File   // the pool's own
	gone  atomic.Bool
}

// depart takes the passengers of an argument, if it has any.
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
