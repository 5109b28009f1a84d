package wire

import (
	"errors"

	"github.com/vmihailenco/msgpack/v5"
)

// Passenger is an object that leaves this process with the message that it was
// encoded into: only one process has it at a time.
type Passenger interface {
	// Sent says that the message was sent. The object belongs to the receiver.
	Sent()
	// Kept says that the message was not sent and will not be. The object stays here.
	Kept()
}

// passenger is a Passenger in a Buffer.
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

// Board adds p to the message. p belongs to the files that are in b by now.
func (b *Buffer) Board(p Passenger) {
	b.passengers = append(b.passengers, passenger{p, len(b.Files)})
}

// Passengers yields the passengers of the message.
func (b *Buffer) Passengers(yield func(Passenger) bool) {
	for _, p := range b.passengers {
		if !yield(p.Passenger) {
			return
		}
	}
}

// Boarded reports whether the message has passengers.
func (b *Buffer) Boarded() bool { return len(b.passengers) > 0 }

// Transfer moves the passengers to a new buffer that has nothing else.
func (b *Buffer) Transfer() *Buffer {
	to := &Buffer{passengers: b.passengers}
	b.passengers = nil
	return to
}

// Sent tells the passengers that the message was sent: they belong to the
// receiver. The sender of a Buffer calls it. For a message that is not sent, it
// calls Reset or Truncate.
func (b *Buffer) Sent() {
	for _, p := range b.passengers {
		p.Sent()
	}
	b.passengers = nil
}

// disembark drops the passengers that boarded when the message had more files
// than that, and calls their Kept.
func (b *Buffer) disembark(files int) {
	n := len(b.passengers)
	for ; n > 0 && b.passengers[n-1].files > files; n-- {
		b.passengers[n-1].Kept()
	}
	b.passengers = b.passengers[:n:n]
}
