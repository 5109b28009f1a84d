package spawn

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// Dense is a row of calls of a function whose argument and result are both numbers. Nothing separates the encoded arguments, nor
// the results, so that a call costs little more than the function itself.
type Dense struct {
	Args    []byte        // arguments of at least Count calls
	Results []byte        // room for the results of Count calls
	Count   int           // how many calls to make
	Journal *link.Journal // where each call is noted before it begins, unless the parent has taken it back
	First   uint64        // the number of the first call
	Stop    *atomic.Bool  // when it becomes true, no further call begins
	Timed   bool          // fill Slowest and Peak

	Done    int           // how many calls have a result
	Slowest int           // which one took longest, from 0
	Peak    time.Duration // how long that took
	Began   time.Time     // when the current call began, if Timed

	TakenBack bool // the parent has taken back the call after the Done ones, and all after it
}

// DenseSizes are how many bytes an argument and a result of function id take; ok is false if they are not both numbers.
func DenseSizes(id uint32) (arg, result int, ok bool) {
	e := lookup(id)
	if e == nil || e.dense == nil {
		return 0, 0, false
	}
	return e.argSize, e.resultSize, true
}

// EncodeDense appends arguments of f, which are numbers, to b.
func EncodeDense[A, R any](f *Func[A, R], b *wire.Buffer, args []A) { wire.AppendNumbers(b, args) }

// DecodeDense fills results of f, which are numbers, from the beginning of data.
func DecodeDense[A, R any](f *Func[A, R], data []byte, results []R) { wire.ReadNumbers(data, results) }

// RunDense makes the calls of d with function id, until one fails or was taken back, or Stop is set. It calls done as Run does;
// a failure is that of the call after the Done ones.
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
		if d.TakenBack = !d.Journal.Begin(d.First + uint64(d.Done)); d.TakenBack {
			break
		}
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
