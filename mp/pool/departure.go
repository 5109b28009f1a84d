package pool

import (
	"errors"
	"os"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
)

// departure sees the argument of a Submit off that holds what one process has at a time: then it is no longer the pool's, and
// cannot be sent again.
type departure struct {
	gone  atomic.Bool
	files []*os.File
}

var errDeparted = errors.New("it holds an object that one process has at a time, such as an end of a Pipe, and the worker that had it is gone")

// Sent is documented with wire.Passenger.
func (d *departure) Sent() {
	d.gone.Store(true)
	link.CloseAll(d.files)
}

// Kept is documented with wire.Passenger.
func (d *departure) Kept() {}
