package pool_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// Calls in quick succession travel together, yet each has its own outcome: a call that fails, panics or ends its goroutine,
// or whose worker dies, does not affect the others. Nothing is lost, and nothing runs twice. PY-POOL-30
func TestSubmitMany(t *testing.T) {
	for _, transport := range []string{"shm", "socket"} {
		t.Run(transport, func(t *testing.T) {
			t.Setenv("MP_TRANSPORT", transport)
			dir := prog.TempDir(t)
			p := newPool(t, &mp.PoolOptions{Workers: 2, Init: noted.With(dir)})
			futures := make([]*mp.Future[int32], 3000)
			for n := range futures {
				futures[n] = mp.Submit(t.Context(), p, rowNumber, n)
			}
			for n, f := range futures {
				got, err := f.Wait(t.Context())
				var exit *mp.ExitError
				var remote *mp.RemoteError
				switch {
				case n == ending:
					if !errors.As(err, &exit) || exit.ExitCode != 3 || exit.Func != "row.number" || exit.Arg != "700" || exit.Index != -1 {
						t.Errorf("the one that ended its worker: %v (%+v)", err, exit)
					}
				case isWrong(n):
					if !errors.As(err, &remote) {
						t.Errorf("%d: %v", n, err)
					}
				case got != int32(2*n) || err != nil:
					t.Errorf("%d: %d, %v", n, got, err)
				}
			}
			ranOnce(t, dir, len(futures))
			if died := p.Stats().Died; died != 1 {
				t.Errorf("%d workers died", died)
			}
		})
	}
}

var submitHang = mp.Register("submit.hang", func(ctx context.Context, hang bool) (int, error) {
	if hang {
		for ctx.Err() == nil { // it never calls Done, and only the end of its ctx ends it
			time.Sleep(time.Millisecond)
		}
		return 0, ctx.Err()
	}
	return os.Getpid(), nil
})

// When one call does not end, the calls submitted before and after it get their outcomes all the same.
func TestSubmitBehindOneThatHangs(t *testing.T) {
	for _, transport := range []string{"shm", "socket"} {
		t.Run(transport, func(t *testing.T) {
			t.Setenv("MP_TRANSPORT", transport)
			p := newPool(t, &mp.PoolOptions{Workers: 2})
			var quick []*mp.Future[int]
			var hung *mp.Future[int]
			for n := range 2000 {
				if n == 1000 {
					hung = mp.Submit(t.Context(), p, submitHang, true)
				}
				quick = append(quick, mp.Submit(t.Context(), p, submitHang, false))
			}
			if _, err := mp.WaitAll(t.Context(), quick...); err != nil {
				t.Error(err)
			}
			if hung.Cancel(); !hung.Cancelled() {
				t.Error("it was not cancelled")
			}
			if _, err := hung.Wait(t.Context()); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			if s := p.Stats(); s.Started != 2 {
				t.Errorf("%+v", s.Counts)
			}
		})
	}
}
