package wire

import (
	"errors"

	"github.com/vmihailenco/msgpack/v5"
)

// Passenger is an object that leaves this process with the message that it was
// encoded into: only one process has it at a time.
type Passenger interface {
	// Sent says that the message was sent. The object is the receiver's.
	Sent()
	// Kept says that it was not and will not be: the object is here as before.
	Kept()
}

// passenger is one aboard a Buffer.
type passenger struct {
	Passenger
	files int // how many files the message had by then: its own are among them
}

// Board puts p aboard the message that enc is writing. A handle calls it in
// EncodeMsgpack, after it has attached its files, of which it has at least one.
func Board(enc *msgpack.Encoder, p Passenger) error {
	out, ok := enc.Writer().(*sink)
	switch {
	case !ok:
		return errors.New("what one process has at a time can only be sent to another process by this library")
	case out.b == nil:
		return errSinkClosed
	}
	out.b.Board(p)
	return nil
}

// Board puts p aboard; it belongs to the files that are there.
func (b *Buffer) Board(p Passenger) {
	b.passengers = append(b.passengers, passenger{p, len(b.Files)})
}

// Passengers are those aboard.
func (b *Buffer) Passengers(yield func(Passenger) bool) {
	for _, p := range b.passengers {
		if !yield(p.Passenger) {
			return
		}
	}
}

// Boarded reports whether there are any.
func (b *Buffer) Boarded() bool { return len(b.passengers) > 0 }

// Transfer moves the passengers to a buffer that has nothing else.
func (b *Buffer) Transfer() *Buffer {
	to := &Buffer{passengers: b.passengers}
	b.passengers = nil
	return to
}

// Sent says that the message was sent: those aboard are the receiver's. Who
// sends a Buffer calls it; Reset and Truncate are for what is not sent.
func (b *Buffer) Sent() {
	for _, p := range b.passengers {
		p.Sent()
	}
	b.passengers = nil
}

// disembark leaves those behind that came aboard with more files than that.
func (b *Buffer) disembark(files int) {
	n := len(b.passengers)
	for ; n > 0 && b.passengers[n-1].files > files; n-- {
		b.passengers[n-1].Kept()
	}
	b.passengers = b.passengers[:n:n]
}
