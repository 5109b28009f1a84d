package queue

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

var (
	// ErrEmpty is returned by TryGet when there is no item: Python's queue.Empty.
	ErrEmpty = errors.New("mp: the queue is empty")
	// ErrFull is returned by TryPut when there is no room: Python's queue.Full.
	ErrFull = errors.New("mp: the queue is full")
)

func init() {
	spawn.RegisterError("mp.ErrEmpty", ErrEmpty)
	spawn.RegisterError("mp.ErrFull", ErrFull)
}

// Queue is a queue of items of type T, for goroutines of any number of processes. Its methods may be called by any of them at any
// time. It must not be copied: send and keep pointers to it. New makes one.
type Queue[T any] struct {
	queue
	codec *codec[T]
}

// queue is a queue of whatever is encoded.
type queue struct {
	_        sync.Mutex // so that vet finds copies
	name     string     // Queue or JoinableQueue
	ref      *share.Ref
	broker   *broker // of the owner; nil in another process
	capacity int

	remote atomic.Pointer[remote] // in another process, once it is known
	closed atomic.Bool            // this handle, in another process
	life   context.Context        // ends with Close, in another process
	end    context.CancelCauseFunc
}

// New makes a queue that this process owns. With a capacity above 0 it is bounded: Put waits while there are as many
// items in it. It fails, with the path of the field, when a T cannot be sent to another process. It needs nothing of
// the system before it is sent somewhere; from then on, Close it.
func New[T any](capacity int) (*Queue[T], error) {
	q := new(Queue[T])
	var err error
	if q.codec, err = codecOf[T]("NewQueue"); err == nil {
		q.own("Queue", newBroker(capacity, false), kindOf[T]("Queue"))
	}
	if err != nil {
		return nil, err
	}
	return q, nil
}

func kindOf[T any](name string) string { return name + "[" + reflect.TypeFor[T]().String() + "]" }

func (q *queue) own(name string, b *broker, kind string) {
	q.name, q.broker, q.capacity = name, b, b.capacity
	q.ref = share.New(kind, b)
	b.ref = q.ref
}

// Put adds an item. While the queue is full it waits until there is room, or ctx ends, or the queue is closed. That v cannot be
// encoded is an error of Put; files in it stay the caller's. When it has returned nil, the item is in the queue, even if
// this process is killed. Otherwise it is not, unless the error says that it may arrive all the same. Python's
// put(block=True, timeout).
func (q *Queue[T]) Put(ctx context.Context, v T) error { return q.put(ctx, "Put", v, false) }

// TryPut is Put that does not wait for room: it returns ErrFull at once, and in another process than the owner ErrTimeout after
// a second when nobody answers. Python's put_nowait.
func (q *Queue[T]) TryPut(v T) error { return q.put(context.Background(), "TryPut", v, true) }

// Get takes an item out of the queue. It waits until there is one, or ctx ends. When the queue was closed and nothing is left in
// it, it returns ErrClosed. An item that cannot be decoded is an error, and gone. Python's get(block=True, timeout).
func (q *Queue[T]) Get(ctx context.Context) (T, error) { return q.get(ctx, "Get", false) }

// TryGet is Get that does not wait for an item: it returns ErrEmpty at once, and in another process than the owner ErrTimeout
// after a second when nobody answers. What other processes have put before is found. Python's get_nowait.
func (q *Queue[T]) TryGet() (T, error) { return q.get(context.Background(), "TryGet", true) }

// All is an iterator over what Get returns. It ends when the queue was closed and nothing is left in it, and after the error of
// a ctx that has ended. It goes on after an item that cannot be decoded.
func (q *Queue[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			v, err := q.Get(ctx)
			if errors.Is(err, spawn.ErrClosed) {
				return
			}
			if !yield(v, err) || err != nil && ctx.Err() != nil {
				return
			}
		}
	}
}

var errUnmade = fmt.Errorf("%w: it was not made by NewQueue, NewJoinableQueue or NewAcknowledged", spawn.ErrClosed)

func (q *Queue[T]) put(ctx context.Context, verb string, v T, now bool) error {
	if q.ref == nil {
		return fmt.Errorf("mp: Queue.%s: %w", verb, errUnmade)
	}
	d := q.codec.desk()
	d.v = v
	b := &d.b
	err := q.codec.Encode(b, &d.v)
	switch {
	case err != nil:
		err = fmt.Errorf("mp: %s.%s: the item cannot be sent: %w", q.name, verb, err)
	case len(b.Files) > link.MaxFiles:
		err = fmt.Errorf("mp: %s.%s: the item holds %d files, and a message carries %d at most", q.name, verb, len(b.Files), link.MaxFiles)
	case b.Boarded() && q.name == acknowledged:
		err = fmt.Errorf("mp: %s.%s: the item cannot be sent: the end of a connection in it moves to who gets it, and could not be given out again", q.name, verb)
	default:
		if err = q.add(ctx, b, now); err == nil || errors.Is(err, share.ErrUnderWay) {
			b.Sent() // ends of connections have moved
		}
		err = q.failed(verb, err)
	}
	q.codec.clear(d)
	return err
}

// add adds the item that b holds.
func (q *queue) add(ctx context.Context, b *wire.Buffer, now bool) error {
	if q.broker != nil {
		files, err := link.Dup(b.Files)
		if err != nil {
			return err
		}
		return q.broker.put(ctx, item{data: b.Data, files: files}, now)
	}
	r, err := q.dial(ctx, now)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(q)
	if r.out.write(r, q.ref, b.Data, b.Files) == byRing {
		return nil
	}
	ctx, stop := q.until(ctx, now)
	defer stop()
	return r.put(ctx, q.ref, b.Data, b.Files, now)
}

func (q *Queue[T]) get(ctx context.Context, verb string, now bool) (v T, err error) {
	if q.ref == nil {
		return v, fmt.Errorf("mp: Queue.%s: %w", verb, errUnmade)
	}
	d := q.codec.desk()
	defer q.codec.clear(d)
	it, err := q.take(ctx, now, d.b.Data)
	if err != nil {
		return v, q.failed(verb, err)
	}
	d.b.Data = it.data
	if err := q.codec.Decode(it.data, it.files, &d.v); err != nil {
		link.CloseAll(it.files)
		return v, fmt.Errorf("mp: %s.%s: the item cannot be decoded: %w", q.name, verb, err)
	}
	return d.v, nil
}

// take takes an encoded item; its bytes lie in buf if they fit.
func (q *queue) take(ctx context.Context, now bool, buf []byte) (item, error) {
	if q.broker != nil {
		return q.broker.get(ctx, now, buf)
	}
	r, err := q.dial(ctx, now)
	if err != nil {
		return item{}, err
	}
	defer runtime.KeepAlive(q)
	if it, ok := r.take(q.ref, buf); ok {
		return it, nil
	}
	ctx, stop := q.until(ctx, now)
	defer stop()
	return r.get(ctx, q.ref, now, buf)
}

// patience is how long a call that must not wait may take when the owner does not answer.
const patience = time.Second

var errSilent = fmt.Errorf("%w: its owner does not answer", spawn.ErrTimeout)

// dial finds out about the queue of another process.
func (q *queue) dial(ctx context.Context, now bool) (*remote, error) {
	switch {
	case q.ref == nil:
		return nil, errUnmade
	case q.closed.Load():
		return nil, spawn.ErrClosed
	}
	if r := q.remote.Load(); r != nil {
		return r, nil
	}
	ctx, stop := q.until(ctx, now)
	defer stop()
	r, err := dial(ctx, q.ref)
	if err == nil {
		q.remote.Store(r)
	}
	return r, err
}

// until is ctx, or what ends before: this handle, or our patience.
func (q *queue) until(ctx context.Context, now bool) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(q.life, func() { cancel(spawn.ErrClosed) })
	if !now {
		return ctx, func() {
			stop()
			cancel(nil)
		}
	}
	timer := time.AfterFunc(patience, func() { cancel(errSilent) })
	return ctx, func() {
		timer.Stop()
		stop()
		cancel(nil)
	}
}

// failed is the error of a method.
func (q *queue) failed(verb string, err error) error {
	name := cmp.Or(q.name, "Queue") // nobody has made it
	switch {
	case err == nil, err == ErrEmpty, err == ErrFull:
		return err
	case errors.Is(err, spawn.ErrClosed):
		return fmt.Errorf("mp: %s.%s: the queue is closed (%w)", name, verb, err)
	}
	return fmt.Errorf("mp: %s.%s: %w", name, verb, err)
}

// Len is how many items are in the queue now, on every system; what other processes have put before is counted. In another
// process than the owner it asks, and is 0 when the queue is gone or nobody answers within a second. Python's qsize.
func (q *queue) Len() int {
	if q.broker != nil {
		return q.broker.size()
	}
	if _, err := q.dial(context.Background(), true); err != nil {
		return 0
	}
	ctx, stop := q.until(context.Background(), true)
	defer stop()
	m, err := call(ctx, q.ref, opLen, nil, nil, nil)
	if err != nil || len(m.Body) != 8 {
		return 0
	}
	defer m.Release()
	return int(binary.LittleEndian.Uint64(m.Body))
}

// Cap is the capacity; 0: it is unbounded.
func (q *queue) Cap() int { return q.capacity }

// Close ends the queue. In its owner that is for everybody: nobody can put any more, and whoever waits for room gets ErrClosed;
// what is in the queue can still be got, and then Get returns ErrClosed, too. In another process it ends the use of
// this handle only, as Python's close does. It waits for nothing and may be called again.
func (q *queue) Close() error {
	switch {
	case q.broker != nil:
		q.broker.close()
	case q.ref != nil:
		q.closed.Store(true)
		q.end(spawn.ErrClosed)
	}
	return nil
}

// String says what it is.
func (q *queue) String() string {
	capacity := "unbounded"
	if q.capacity > 0 {
		capacity = fmt.Sprint("capacity ", q.capacity)
	}
	whose := "of another process"
	switch {
	case q.ref == nil:
		return "<Queue, never made>"
	case q.broker != nil:
		whose = fmt.Sprintf("of this process, %d items", q.Len())
	}
	return fmt.Sprintf("<%s %s, %s>", q.name, capacity, whose)
}

// encode writes a reference to the queue.
func (q *queue) encode(enc *wire.Encoder) error {
	if q.ref == nil {
		return errUnmade
	}
	if err := q.ref.Encode(enc); errors.Is(err, share.ErrGone) {
		return fmt.Errorf("%w (%w)", spawn.ErrClosed, err)
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
		q.life, q.end = context.WithCancelCause(context.Background())
	}
	return nil
}

// IsHandle marks queues as what travels by reference.
func (q *Queue[T]) IsHandle() {}

// EncodeMsgpack writes a reference to the queue, which only a message of this library to another process can hold.
func (q *Queue[T]) EncodeMsgpack(enc *wire.Encoder) error { return q.encode(enc) }

// DecodeMsgpack reads what EncodeMsgpack wrote. A queue of this process that comes home is that queue.
func (q *Queue[T]) DecodeMsgpack(dec *wire.Decoder) (err error) {
	if q.codec, err = codecOf[T]("Queue"); err != nil {
		return err
	}
	return q.decode(dec, "Queue", kindOf[T]("Queue"))
}

var errJSON = errors.New("mp: a queue cannot be written as JSON: it can be sent to another process of this program only, in an argument or a result, over a Conn or through a queue")

// MarshalJSON fails, and says why.
func (q *queue) MarshalJSON() ([]byte, error) { return nil, errJSON }
