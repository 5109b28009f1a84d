package pool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// noted opens the file, one for each worker, in which the functions of these tests note the items that they run.
var noted = mp.RegisterInit("row.noted", func(_ context.Context, dir string) (err error) {
	notes, err = os.Create(filepath.Join(dir, strconv.Itoa(os.Getpid())))
	return err
})

var notes *os.File

func note(n int) { fmt.Fprintln(notes, n) }

// These functions take numbers, some of which make them fail or end the worker (rowItem).
var (
	rowNumber = mp.Register("row.number", func(ctx context.Context, n int) (int32, error) { return int32(2 * n), rowItem(ctx, n) })
	rowText   = mp.Register("row.text", func(ctx context.Context, n int) (string, error) { return strconv.Itoa(2 * n), rowItem(ctx, n) })
	rowFile   = mp.Register("row.file", func(ctx context.Context, n int) (*os.File, error) {
		err := rowItem(ctx, n)
		if n%50 != 0 || err != nil {
			return nil, err
		}
		return os.Open(os.DevNull)
	})
)

const ending, wrong, panicky, leaving = 700, 97, 101, 103

func rowItem(_ context.Context, n int) error {
	note(n)
	switch {
	case n == ending:
		os.Exit(3)
	case n%wrong == 1:
		return os.ErrNotExist
	case n%panicky == 1:
		panic("row")
	case n%leaving == 1:
		runtime.Goexit()
	}
	return nil
}

func isWrong(n int) bool { return n == ending || n%wrong == 1 || n%panicky == 1 || n%leaving == 1 }

// Quick items travel in rows, yet each has its own outcome: an item that fails, panics or ends its goroutine, or whose
// worker dies, does not affect the others. Nothing is lost, and nothing runs twice.
func TestRows(t *testing.T) {
	for _, transport := range []string{"shm", "socket"} {
		t.Run(transport, func(t *testing.T) {
			t.Setenv("MP_TRANSPORT", transport)
			t.Run("numbers", func(t *testing.T) { rows(t, rowNumber, func(n int) int32 { return int32(2 * n) }) })
			t.Run("text", func(t *testing.T) { rows(t, rowText, func(n int) string { return strconv.Itoa(2 * n) }) })
			t.Run("files", func(t *testing.T) { rows(t, rowFile, nil) })
		})
	}
}

func rows[R comparable](t *testing.T, fn *mp.Func[int, R], want func(int) R) {
	dir := prog.TempDir(t)
	p := newPool(t, &mp.PoolOptions{Workers: 2, Init: noted.With(dir)})
	items := make([]int, 3000)
	for i := range items {
		items[i] = i
	}
	got, err := mp.Map(t.Context(), p, fn, items, mp.KeepGoing())
	for i, r := range got {
		if f, ok := any(r).(*os.File); ok && f != nil {
			f.Close()
		}
		if want != nil && !isWrong(i) && r != want(i) {
			t.Errorf("item %d gave %v", i, r)
		}
	}
	var failed []int
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		var remote *mp.RemoteError
		var exit *mp.ExitError
		switch {
		case errors.As(e, &remote):
			failed = append(failed, remote.Index)
		case errors.As(e, &exit):
			failed = append(failed, exit.Index)
			if exit.Index != ending || exit.ExitCode != 3 {
				t.Errorf("%v", exit)
			}
		default:
			t.Errorf("%v", e)
		}
	}
	expected := slices.DeleteFunc(slices.Clone(items), func(n int) bool { return !isWrong(n) })
	if !slices.Equal(failed, expected) {
		t.Errorf("failures of %v, want %v", failed, expected)
	}
	ranOnce(t, dir, len(items))
	if died := p.Stats().Died; died != 1 {
		t.Errorf("%d workers died", died)
	}
}

// ranOnce checks that each item has left one note.
func ranOnce(t *testing.T, dir string, items int) {
	t.Helper()
	ran := make(map[string]int)
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		text, _ := os.ReadFile(filepath.Join(dir, f.Name()))
		for _, line := range strings.Fields(string(text)) {
			ran[line]++
		}
	}
	for i := range items {
		if n := ran[strconv.Itoa(i)]; n != 1 {
			t.Errorf("item %d ran %d times", i, n)
		}
	}
}

var rowWait = mp.Register("row.wait", func(ctx context.Context, n int) (int, error) {
	if n < 5000 {
		return n, nil
	}
	<-ctx.Done()
	return 0, context.Cause(ctx)
})

// The cancel of a call reaches an item in the middle of a row, and the same worker runs the next call.
func TestRowIsCancelled(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{Workers: 1, KillDelay: time.Minute})
	items := make([]int, 10000)
	for i := range items {
		items[i] = i
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for atWork(p) != "row.wait[5000]" {
			runtime.Gosched()
		}
		cancel()
	}()
	got, err := mp.Map(ctx, p, rowWait, items, mp.KeepGoing())
	if !errors.Is(err, context.Canceled) || got[4999] != 4999 || got[5001] != 0 {
		t.Errorf("%d, %d, %v", got[4999], got[5001], err)
	}
	if n, err := mp.Apply(t.Context(), p, rowWait, 7); n != 7 || err != nil || p.Stats().Started != 1 {
		t.Errorf("then %d, %v, %d workers", n, err, p.Stats().Started)
	}
}

func atWork(p *mp.Pool) string {
	for _, w := range p.Stats().Workers {
		return w.Task
	}
	return ""
}

// NewPool refuses an unknown value of MP_TRANSPORT before it starts a worker.
func TestUnknownTransport(t *testing.T) {
	t.Setenv("MP_TRANSPORT", "pigeons")
	_, err := mp.NewPool(t.Context(), nil)
	if err == nil || err.Error() != "mp: MP_TRANSPORT=pigeons: it must be shm or socket; shm, where there is shared memory, is the default" {
		t.Errorf("%v", err)
	}
}

var rowSlow = mp.Register("row.slow", func(_ context.Context, n int) (int, error) {
	if n == 1500 {
		time.Sleep(500 * time.Millisecond)
	}
	return n, os.ErrNotExist
})

// Every failure in a row is reported, and the time of an item that fails is measured, too.
func TestFailuresInRowsTakeTime(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{Workers: 1})
	_, err := mp.Map(t.Context(), p, rowSlow, make([]int, 1500), mp.KeepGoing())
	if n := len(err.(interface{ Unwrap() []error }).Unwrap()); n != 1500 {
		t.Errorf("%d failures", n)
	}
	if _, err = mp.Map(t.Context(), p, rowSlow, []int{1, 1500, 2}, mp.KeepGoing()); err == nil {
		t.Error("no failure")
	}
	s := p.Stats()
	if len(s.Slowest) == 0 || s.Slowest[0].Index != 1 || s.Slowest[0].Took < 250*time.Millisecond {
		t.Errorf("the slowest items are %v", s.Slowest)
	}
}
