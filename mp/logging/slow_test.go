package logging_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/logging"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Report logs n records of 10 KB and returns n. If n is −1, it exits with code 9.
var Report = mp.Register("report", func(_ context.Context, n int) (int, error) {
	if n < 0 {
		os.Exit(9)
	}
	for log := range n {
		slog.New(logging.Handler()).Warn(strings.Repeat("x", 10<<10), "n", log)
	}
	return n, nil
})

// Throng logs n records of 10 KB from n goroutines at once, and returns n when all but one have logged theirs.
var Throng = mp.Register("throng", func(_ context.Context, n int) (int, error) {
	said := make(chan bool, n)
	for range n {
		go func() {
			slog.New(logging.Handler()).Warn(strings.Repeat("x", 10<<10))
			said <- true
		}()
	}
	for range n - 1 {
		<-said
	}
	return n, nil
})

// Leave logs records of 10 KB from many goroutines without end. When the parent stops reading them, it exits with code.
var Leave = mp.Register("leave", func(_ context.Context, code int) (int, error) {
	said := make(chan bool)
	for range 100 {
		go func() {
			for {
				slog.New(logging.Handler()).Warn(strings.Repeat("x", 10<<10))
				said <- true
			}
		}()
	}
	for {
		select {
		case <-said:
		case <-time.After(100 * time.Millisecond):
			mp.Exit(code)
		}
	}
})

// laggard is a slog.Handler that calls wait during the first record of another process.
type laggard struct {
	level slog.Level
	once  *sync.Once
	wait  func(pid int)
}

func lag(wait func(pid int)) laggard { return laggard{slog.LevelWarn, new(sync.Once), wait} }

func (l laggard) Enabled(_ context.Context, level slog.Level) bool { return level >= l.level }
func (l laggard) WithAttrs([]slog.Attr) slog.Handler               { return l }
func (l laggard) WithGroup(string) slog.Handler                    { return l }

func (l laggard) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == logging.PidKey && int(a.Value.Int64()) != os.Getpid() {
			l.once.Do(func() { l.wait(int(a.Value.Int64())) })
		}
		return true
	})
	return nil
}

// gone waits for the end of a process, for limit at most, and reports whether it came.
func gone(pid int, limit time.Duration) bool {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if !prog.Alive(pid) {
			return true
		}
	}
	return false
}

// longDead waits until a process has been dead for longer than leftoverLimit of package spawn, which is a second.
func longDead(pid int) {
	gone(pid, 2*time.Second)
	time.Sleep(1200 * time.Millisecond)
}

// What a process has sent before its end arrives, however late the parent reads it.
func TestLateReader(t *testing.T) {
	leak.Check(t)
	defer logging.Off()
	logging.ToSlog(lag(longDead))
	p, err := mp.Start(t.Context(), Report, 12, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := p.Result(t.Context()); n != 12 || err != nil {
		t.Errorf("%d, %v", n, err)
	}

	logging.ToSlog(lag(longDead))
	pool, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	got, err := mp.Map(t.Context(), pool, Report, []int{12, -1, 2}, mp.KeepGoing(), mp.ChunkSize(3))
	var exit *mp.ExitError
	if !slices.Equal(got, []int{12, 0, 2}) || !errors.As(err, &exit) || exit.Index != 1 {
		t.Errorf("%v, %v", got, err)
	}
}

// A process does not exit before its result is on its way, even if the parent is slow to read the records ahead of the result.
func TestResultBehindRecords(t *testing.T) {
	if testing.Short() {
		t.Skip("takes six seconds")
	}
	leak.Check(t)
	defer logging.Off()
	logging.ToSlog(lag(func(pid int) { gone(pid, spawn.ExitLimit+time.Second) }))
	p, err := mp.Start(t.Context(), Throng, 40, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := p.Result(t.Context()); n != 40 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

// A process that calls Exit ends, even if the parent does not read its last records.
func TestExitOfChatter(t *testing.T) {
	if testing.Short() {
		t.Skip("takes five seconds")
	}
	leak.Check(t)
	defer logging.Off()
	died := make(chan bool, 1)
	handler := lag(func(pid int) { died <- gone(pid, 2*spawn.ExitLimit) })
	handler.level = slog.LevelInfo
	logging.ToSlog(handler)
	p, err := mp.Start(t.Context(), Leave, 3, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !<-died {
		t.Error("it did not exit as long as nobody took its records")
		p.Kill()
	}
	var exit *mp.ExitError
	if _, err := p.Result(t.Context()); !errors.As(err, &exit) || exit.ExitCode != 3 {
		t.Error(err)
	}
}

// An item that logs without end is ended at its deadline, even if the parent does not read its records.
func TestDeadlineOfChatter(t *testing.T) {
	leak.Check(t)
	defer logging.Off()
	died := make(chan bool, 1)
	logging.ToSlog(lag(func(pid int) { died <- gone(pid, 10*time.Second) }))
	pool, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 1, KillDelay: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := mp.Apply(t.Context(), pool, Chatter, 0, mp.Timeout(2*time.Second)); !errors.Is(err, mp.ErrTimeout) {
		t.Error(err)
	}
	if !<-died {
		t.Error("it was not killed as long as nobody took its records")
	}
}
