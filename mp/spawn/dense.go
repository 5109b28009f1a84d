package spawn

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// Dense is calls in a row of a function that makes a number of a number. Nothing stands between the arguments, nor between
// the results, so that a call costs little more than the function.
type Dense struct {
	Args    []byte
	Results []byte        // there is room
	Count   int           // how many there are
	Journal *link.Journal // where the number of the call at work is noted
	First   uint64        // the number of the first one
	Stop    *atomic.Bool  // when it becomes true, no other call begins
	Timed   bool

	Done    int // how many have a result
	Slowest int // which took longest, if they are timed
	Peak    time.Duration
	Began   time.Time // the one at work, if they are timed
}

// DenseSizes are the sizes of an argument and of a result of f; ok is false if they are not both numbers.
func DenseSizes[A, R any](f *Func[A, R]) (arg, result int, ok bool) {
	arg, result = f.arg.Size(), f.result.Size()
	return arg, result, arg > 0 && result > 0
}

// DenseSize is the sizes of function id, as DenseSizes tells them.
func DenseSize(id uint32) (arg, result int, ok bool) {
	e := lookup(id)
	if e == nil || e.dense == nil {
		return 0, 0, false
	}
	return e.argSize, e.resultSize, true
}

// EncodeDense appends arguments of f to b.
func EncodeDense[A, R any](f *Func[A, R], b *wire.Buffer, args []A) { wire.AppendNumbers(b, args) }

// DecodeDense reads results of f.
func DecodeDense[A, R any](f *Func[A, R], data []byte, results []R) { wire.ReadNumbers(data, results) }

// RunDense makes the calls of d with function id, up to one that fails: then done is told so, in the way of Run. Otherwise
// done is called with nil.
func (r *Runner) RunDense(ctx context.Context, id uint32, d *Dense, done func(*Failure)) {
	if !r.find(id) || r.entry.dense == nil {
		done(unknown(id))
		return
	}
	r.failure, r.returned = nil, false
	defer r.after(done)
	if err := r.entry.dense(ctx, d); err != nil {
		r.failure = &Failure{Failure: wire.Describe(err)}
	}
	r.returned = true
}

var errDense = errors.New("the items are not as long as they should be")

func (f *Func[A, R]) runDense(ctx context.Context, d *Dense) error {
	a, r := f.arg.Size(), f.result.Size()
	if len(d.Args) < d.Count*a || len(d.Results) < d.Count*r {
		return errDense
	}
	if d.Timed {
		d.Began = time.Now()
	}
	for args, results := d.Args, d.Results; d.Done < d.Count && !d.Stop.Load(); args, results = args[a:], results[r:] {
		d.Journal.Note(d.First + uint64(d.Done))
		result, err := f.fn(ctx, wire.Number[A](args))
		if err != nil {
			return err
		}
		wire.PutNumber(results, result)
		if d.Timed {
			now := time.Now()
			if took := now.Sub(d.Began); took > d.Peak {
				d.Peak, d.Slowest = took, d.Done
			}
			d.Began = now
		}
		d.Done++
	}
	return nil
}
