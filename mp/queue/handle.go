package queue

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

func kindOf[T any](name string) string { return name + "[" + reflect.TypeFor[T]().String() + "]" }

// encode writes a reference to the queue.
func (q *queue) encode(enc *wire.Encoder) error {
	if q.ref == nil {
		return errUnmade
	}
	if err := q.ref.Encode(enc); errors.Is(err, share.ErrGone) {
		return fmt.Errorf("%w (%w)", spawn.Inner(spawn.ErrClosed), err)
	} else if err != nil {
		return err
	}
	return enc.EncodeInt(int64(q.capacity))
}

// decode reads what encode wrote.
func (q *queue) decode(dec *wire.Decoder, name, kind string) error {
	ref, err := share.Decode(dec, kind)
	if err != nil {
		return err
	}
	n, err := dec.DecodeInt64()
	if err != nil {
		return err
	}
	q.name, q.ref, q.capacity = name, ref, int(n)
	if q.broker, _ = ref.Object().(*broker); q.broker == nil {
		q.life, q.end = context.WithCancel(context.Background())
	}
	return nil
}

// IsHandle marks the type: queues travel by reference.
func (q *Queue[T]) IsHandle() {}

// EncodeMsgpack writes a reference to the queue, which only a message of this library to another process can hold.
func (q *Queue[T]) EncodeMsgpack(enc *wire.Encoder) error { return q.encode(enc) }

// DecodeMsgpack reads what EncodeMsgpack wrote. A queue of this process that comes home is that queue.
func (q *Queue[T]) DecodeMsgpack(dec *wire.Decoder) error { return q.read(dec, "Queue") }

// read decodes a queue of the type name.
func (q *Queue[T]) read(dec *wire.Decoder, name string) (err error) {
	if q.codec, err = codecOf[T](name); err != nil {
		return err
	}
	return q.decode(dec, name, kindOf[T](name))
}

var errJSON = errors.New("mp: a queue cannot be written as JSON: it can be sent to another process of this program only, in an argument or a result, over a Conn or through a queue")

// MarshalJSON fails, and says why.
func (q *queue) MarshalJSON() ([]byte, error) { return nil, errJSON }
