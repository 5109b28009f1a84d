//go:build unix

package pool_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/pool"
)

// ordeal is a call of the torture.
type ordeal struct {
	number int
	kind   string
	deeds  []deed
	opts   []mp.CallOption
	limit  time.Duration // the time limit of an item; 0: none
	tries  int           // how often an item may be started
	cancel time.Duration // when the call is cancelled, from its start; 0: never
	leave  int           // after how many results the loop over them is left; 0: after all
	nap    time.Duration // how long the consumer sleeps after each result
}

// kinds maps each kind of ordeal to the method that runs it.
var kinds = map[string]func(*torture, context.Context, *ordeal){
	"Map":           (*torture).mapAll,
	"Map, failfast": (*torture).mapFast,
	"IMap":          (*torture).imapOrdered,
	"IMapUnordered": (*torture).imapUnordered,
	"Apply":         (*torture).applyAll,
	"Submit":        (*torture).submitAll,
}

// play runs a call and judges its outcomes.
func (r *torture) play(o *ordeal) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if o.cancel > 0 {
		timer := time.AfterFunc(o.cancel, func() {
			cancel()
			r.tally.cancellations.Add(1)
		})
		defer timer.Stop()
	}
	r.tally.items.Add(int64(len(o.deeds)))
	kinds[o.kind](r, ctx, o)
}

// excused reports whether err says that the whole call was ended, and there is a reason: the pool is broken or being closed,
// or the call was to be cancelled.
func (r *torture) excused(o *ordeal, err error) bool {
	switch {
	case r.brokenBy(err):
		return true
	case errors.Is(err, mp.ErrClosed):
		return r.closing.Load()
	}
	return errors.Is(err, context.Canceled) && (o.cancel > 0 || r.closing.Load())
}

// brokenBy reports whether err says that the pool has given up, and notes it: faults met too many workers while they came up.
func (r *torture) brokenBy(err error) bool {
	if !errors.Is(err, pool.ErrBroken) {
		return false
	}
	r.broken.Store(true)
	r.breach.Store(err.Error())
	return true
}

func (r *torture) mapAll(ctx context.Context, o *ordeal) {
	got, err := mp.Map(ctx, r.pool, Deed, o.deeds, append(o.opts, mp.KeepGoing())...)
	if r.excused(o, err) {
		for i, f := range got {
			if f.N != 0 && !f.right(o.deeds[i]) {
				r.wrong(o, i, "its result is wrong although the call was only cancelled")
			}
		}
		return
	}
	errs := make([]error, len(o.deeds))
	if err != nil {
		list, ok := err.(interface{ Unwrap() []error })
		if !ok {
			r.wrong(o, -1, "an error that is no list: %v", err)
			return
		}
		for _, err := range list.Unwrap() {
			i := indexOf(err)
			if i < 0 || i >= len(errs) || errs[i] != nil {
				r.wrong(o, i, "an error of no item, or of one that has another one: %v", err)
				continue
			}
			errs[i] = err
		}
	}
	for i := range o.deeds {
		r.judge(o, i, &got[i], errs[i])
	}
}

func (r *torture) mapFast(ctx context.Context, o *ordeal) {
	got, err := mp.Map(ctx, r.pool, Deed, o.deeds, o.opts...)
	switch {
	case r.excused(o, err):
	case err != nil:
		if i := indexOf(err); i < 0 {
			r.wrong(o, i, "an error of no item: %v", err)
		} else {
			r.judge(o, i, nil, err)
		}
	default:
		for i := range got {
			r.judge(o, i, &got[i], nil)
		}
	}
}

func (r *torture) imapOrdered(ctx context.Context, o *ordeal) {
	r.consume(o, mp.IMap(ctx, r.pool, Deed, slices.Values(o.deeds), o.opts...), true)
}

func (r *torture) imapUnordered(ctx context.Context, o *ordeal) {
	r.consume(o, mp.IMapUnordered(ctx, r.pool, Deed, slices.Values(o.deeds), o.opts...), false)
}

func (r *torture) consume(o *ordeal, results iter.Seq2[fruit, error], ordered bool) {
	seen := make(map[int]bool)
	next := 0
	for f, err := range results {
		if r.excused(o, err) {
			return
		}
		i := next
		if !ordered {
			if i = indexOf(err); err == nil {
				i = slices.IndexFunc(o.deeds, func(d deed) bool { return d.N*d.N == f.N })
			}
		}
		if i < 0 || i >= len(o.deeds) || seen[i] {
			r.wrong(o, i, "a result of no item, or of one that has had one: %v", err)
			return
		}
		seen[i] = true
		r.judge(o, i, &f, err)
		time.Sleep(o.nap)
		if next++; next == o.leave {
			return
		}
	}
	if next != len(o.deeds) {
		r.wrong(o, -1, "%d of %d results", next, len(o.deeds))
	}
}

func (r *torture) applyAll(ctx context.Context, o *ordeal) {
	for i, d := range o.deeds {
		f, err := mp.Apply(ctx, r.pool, Deed, d, o.opts...)
		if !r.excused(o, err) {
			r.judge(o, i, &f, err)
		}
	}
}

// submitAll waits for the futures of all other deeds before it cancels those of unending deeds.
func (r *torture) submitAll(ctx context.Context, o *ordeal) {
	futures := make([]*mp.Future[fruit], len(o.deeds))
	for i, d := range o.deeds {
		futures[i] = mp.Submit(ctx, r.pool, Deed, d, o.opts...)
	}
	for _, wait := range []bool{false, true} {
		for i, d := range o.deeds {
			if slices.Contains(unending, d.What) != wait {
				continue
			}
			cancelled := wait && futures[i].Cancel()
			f, err := futures[i].Wait(context.Background())
			if cancelled {
				r.tally.cancellations.Add(1)
				if !errors.Is(err, context.Canceled) {
					r.wrong(o, i, "it was cancelled, and ended with %v", err)
				}
			} else if !r.excused(o, err) {
				r.judge(o, i, &f, err)
			}
		}
	}
}

var itemNumber = regexp.MustCompile(`\(item (\d+)\)`)

// indexOf returns the index of the item that an error names; −1: none.
func indexOf(err error) int {
	var exit *mp.ExitError
	var remote *mp.RemoteError
	switch {
	case err == nil:
		return -1
	case errors.As(err, &exit):
		return exit.Index
	case errors.As(err, &remote):
		return remote.Index
	}
	if m := itemNumber.FindStringSubmatch(err.Error()); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return -1
}

// judge reports an outcome that cannot be that of item i, and notes any other one.
func (r *torture) judge(o *ordeal, i int, f *fruit, err error) {
	d := o.deeds[i]
	index := i
	if o.kind == "Apply" || o.kind == "Submit" {
		index = -1
	}
	var exit *mp.ExitError
	var remote *mp.RemoteError
	switch {
	case err == nil:
		if d.What != "" && d.What != "flood" || !f.right(d) {
			r.wrong(o, i, "a result %d of %d bytes", f.N, len(f.Data))
		}
		r.succeeded(o, i)
	case errors.As(err, &exit):
		if exit.Func != "deed" || exit.Index != index {
			r.wrong(o, i, "the blame is another item's: %v", err)
		}
		if errors.Is(err, pool.ErrQuarantined) {
			r.tally.quarantined.Add(1)
		}
		if why := r.unjust(o, d, exit); why != "" {
			r.wrong(o, i, "%s: %v", why, err)
		}
		r.blamed(o, i, exit)
	case errors.As(err, &remote) && remote.Index != index:
		r.wrong(o, i, "the error is another item's: %v", err)
	case errors.Is(err, mp.ErrTimeout) && o.limit > 0:
		r.mayBeLate(o, i, err)
	default:
		if want := map[string]error{"fail": errUnlucky, "brittle": errBrittle}[d.What]; want != nil && !errors.Is(err, want) ||
			d.What == "" || d.What == "flood" || slices.Contains(unending, d.What) || deadly[d.What].cause != "" {
			r.wrong(o, i, "it has failed without need: %v", err)
		}
		r.tally.failed.Add(1)
	}
}

// unjust says what is wrong with the blame for a death. It is empty if a fault, the item or the item's deadline has really
// ended this worker.
func (r *torture) unjust(o *ordeal, d deed, exit *mp.ExitError) string {
	own, isDeadly := deadly[d.What]
	switch {
	case r.wasKilled(exit.Pid) && exit.ExitCode == prog.KillCode:
		return ""
	case isDeadly && exit.ExitCode == own.code && exit.Cause == own.cause:
		return ""
	case isDeadly && exit.Cause == own.cause && own.cause == mp.CauseFatal && exit.ExitCode == prog.KillCode:
		return "" // it was killed at its deadline, while it wrote the dump of its fatal error
	case o.limit > 0 && errors.Is(exit, mp.ErrTimeout) && exit.Cause == mp.CauseDeadline:
		if slices.Contains(unending, d.What) || r.mayBeSlow(o) { // also "wait", which ends with its ctx: it may be too slow
			return ""
		}
		return "it cannot have taken so long"
	}
	return fmt.Sprintf("nobody has killed pid %d", exit.Pid)
}

// mayBeSlow reports whether an item that should end in time may run into its deadline: workers were frozen, or the limit is
// too short for a busy machine.
func (r *torture) mayBeSlow(o *ordeal) bool {
	return r.stopped.Load() > 0 || o.limit < 100*time.Millisecond
}
