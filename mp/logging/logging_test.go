package logging_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/logging"
)

func TestMain(m *testing.M) { mp.TestMain(prog.Tests{M: m}) }

// Say logs through slog and hclog.
var Say = mp.Register("say", func(_ context.Context, n int) (string, error) {
	log := slog.New(logging.Handler())
	log.With("who", "slog").WithGroup("g").Info("said", "n", n, "took", 3*time.Millisecond, slog.Group("in", "x", 1.5), "err", errors.New("bad"))
	log.Debug("unheard unless somebody wants it")
	logging.Logger().Named("part").With("who", "hclog").Error("cried", "n", n)
	return fmt.Sprint(log.Enabled(context.Background(), slog.LevelDebug), logging.Logger().IsDebug()), nil
})

// Host logs inside a pool that it makes in its own process, and again after it has closed that pool.
var Host = mp.Register("host", func(ctx context.Context, n int) (int, error) {
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 1, InProcess: true})
	if err != nil {
		return 0, err
	}
	defer slog.New(logging.Handler()).Info("closed", "n", n)
	defer pool.Close()
	_, err = mp.Apply(ctx, pool, Say, n)
	return n, err
})

// Chatter logs for ever.
var Chatter = mp.Register("chatter", func(_ context.Context, _ int) (int, error) {
	for log := slog.New(logging.Handler()); ; {
		log.Warn("chatter")
	}
})

// collector is a slog.Handler that keeps its records.
type collector struct {
	level slog.Level
	mu    sync.Mutex
	list  []map[string]any
}

func (c *collector) Enabled(_ context.Context, l slog.Level) bool { return l >= c.level }
func (c *collector) WithAttrs([]slog.Attr) slog.Handler           { panic("not called") }
func (c *collector) WithGroup(string) slog.Handler                { panic("not called") }

func (c *collector) Handle(_ context.Context, r slog.Record) error {
	m := map[string]any{"message": r.Message, "level": r.Level}
	r.Attrs(func(a slog.Attr) bool { m[a.Key] = a.Value.Any(); return true })
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, m)
	return nil
}

// said returns the records with this message.
func (c *collector) said(message string) (found []map[string]any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.list {
		if m["message"] == message {
			found = append(found, m)
		}
	}
	return found
}

func say(t *testing.T) (pid int, heard string) {
	t.Helper()
	p, err := mp.Start(t.Context(), Say, 7, nil)
	if err != nil {
		t.Fatal(err)
	}
	heard, err = p.Result(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p.Pid(), heard
}

// After Off, the loggers of a child report that their levels are disabled, so a child makes no records.
func TestSilent(t *testing.T) {
	leak.Check(t)
	logging.Off()
	if _, heard := say(t); heard != "false false" {
		t.Errorf("the child believes that somebody listens: %s", heard)
	}
}

// PY-LOG-01, PY-LOG-02
func TestToSlog(t *testing.T) {
	leak.Check(t)
	c := &collector{level: slog.LevelInfo}
	logging.ToSlog(c)
	defer logging.Off()
	pid, heard := say(t)
	if heard != "false false" {
		t.Errorf("debug is enabled in the child: %s", heard)
	}
	for message, want := range map[string]map[string]any{
		"said": {
			"level": slog.LevelInfo, "process": "", "pid": int64(pid), "task": "say", "who": "slog", "g.n": int64(7),
			"g.took": 3 * time.Millisecond, "g.in.x": 1.5, "g.err": "bad",
		},
		"part: cried": {"level": slog.LevelError, "pid": int64(pid), "task": "say", "who": "hclog", "n": int64(7)},
	} {
		got := c.said(message)
		if len(got) != 1 {
			t.Errorf("%q came %d times", message, len(got))
			continue
		}
		if name, _ := got[0]["process"].(string); !strings.HasPrefix(name, "Process-") {
			t.Errorf("%q is from process %q", message, name)
		}
		delete(want, "process")
		for k, v := range want {
			if got[0][k] != v {
				t.Errorf("%q: %s is %#v, want %#v", message, k, got[0][k], v)
			}
		}
	}
	if src, ok := c.said("said")[0]["source"].(*slog.Source); !ok || src.File != "logging_test.go" || src.Line == 0 {
		t.Errorf("source is %v", c.said("said")[0]["source"])
	}
	if n := len(c.said("unheard unless somebody wants it")); n != 0 {
		t.Error("a debug record came although the level is info")
	}
}

// A ReplaceAttr gets the source of a record as a *slog.Source, as it does without this library.
func TestSourceOfSlog(t *testing.T) {
	leak.Check(t)
	var out buffer
	shorten := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.SourceKey {
			source := a.Value.Any().(*slog.Source)
			source.File = strings.TrimSuffix(source.File, ".go")
		}
		return a
	}
	logging.ToSlog(slog.NewTextHandler(&out, &slog.HandlerOptions{AddSource: true, ReplaceAttr: shorten}))
	defer logging.Off()
	pid, _ := say(t)
	want := fmt.Sprintf(` msg=said process=Process-\d+ pid=%d task=say source=logging_test:[1-9]\d* who=slog `, pid)
	if !regexp.MustCompile(want).MatchString(out.String()) {
		t.Errorf("no %s in\n%s", want, out.String())
	}
}

// A record that a function logs in a worker names the item that the worker was at.
func TestTaskOfAPool(t *testing.T) {
	leak.Check(t)
	c := &collector{level: slog.LevelDebug}
	logging.ToSlog(c)
	defer logging.Off()
	pool, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := mp.Map(t.Context(), pool, Say, []int{10, 11, 12, 13}); err != nil {
		t.Fatal(err)
	}
	seen := make(map[any]any)
	for _, m := range c.said("said") {
		seen[m["g.n"]] = m["task"]
	}
	for n := range int64(4) {
		if want := fmt.Sprintf("say[%d]", n); seen[10+n] != want {
			t.Errorf("the task of item %d is %v, want %s", n, seen[10+n], want)
		}
	}
	if len(c.said("worker is ready")) != 2 {
		t.Error("the pool itself has said nothing")
	}
}

// A pool inside a worker's process does not change the task that the worker's records name.
func TestTaskWithAPoolInside(t *testing.T) {
	leak.Check(t)
	c := &collector{level: slog.LevelInfo}
	logging.ToSlog(c)
	defer logging.Off()
	pool, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := mp.Map(t.Context(), pool, Host, []int{0, 1, 2}); err != nil {
		t.Fatal(err)
	}
	for message, key := range map[string]string{"said": "g.n", "closed": "n"} {
		got := c.said(message)
		if len(got) != 3 {
			t.Errorf("%q came %d times", message, len(got))
		}
		for _, m := range got {
			if want := fmt.Sprintf("host[%d]", m[key]); m["task"] != want {
				t.Errorf("the task of %q is %v, want %s", message, m["task"], want)
			}
		}
	}
}

// buffer is a bytes.Buffer with a lock: the library may still write to it when the test reads it, since it logs the end of each
// process.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func TestToHclog(t *testing.T) {
	leak.Check(t)
	var out buffer
	logging.ToHclog(hclog.New(&hclog.LoggerOptions{Output: &out, Level: hclog.Debug, DisableTime: true}))
	defer logging.Off()
	pid, heard := say(t)
	if heard != "true true" {
		t.Errorf("debug is not enabled in the child: %s", heard)
	}
	for _, want := range []string{
		fmt.Sprintf(`\[INFO\]  said: process=Process-\d+ pid=%d task=say source=logging_test.go:\d+ who=slog g.n=7 g.took=3ms g.in.x=1.5 g.err=bad\n`, pid),
		fmt.Sprintf(`\[ERROR\] part: cried: process=Process-\d+ pid=%d task=say who=hclog n=7\n`, pid),
		`\[DEBUG\] unheard unless`,
		fmt.Sprintf(`\[DEBUG\] a process was started: process=MainProcess pid=%d source=start.go:\d+ name=Process-\d+ child_pid=%d\n`, os.Getpid(), pid),
	} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
}

// PY-LOG-01: the level of the parent holds in children and grandchildren. They send no records below it.
func TestToStderr(t *testing.T) {
	path := prog.Build(t, "./testdata/stderr")
	line := regexp.MustCompile(`(?m)^\S+Z \[(\w+)\] +(\S+) \(pid \d+(, speak)?\): ([\w.]+:\d+: )?(.*)$`)
	for level, want := range map[string]string{
		"":      "",
		"ERROR": "",
		"WARN":  "Process-1 a word of hclog: depth=1|Process-1:1 a word of hclog: depth=0|",
		"hclog": "Process-1 a word of slog: depth=1|Process-1 a word of hclog: depth=1|Process-1:1 a word of slog: depth=0|Process-1:1 a word of hclog: depth=0|",
	} {
		r := prog.Run(t, path, []string{"MP_TEST_LEVEL=" + level})
		got := ""
		for _, m := range line.FindAllStringSubmatch(r.Stderr, -1) {
			if strings.HasPrefix(m[5], "a word") {
				got += m[2] + " " + m[5] + "|"
			}
		}
		if got != want || r.Code != 0 || want == "" && r.Stderr != "" {
			t.Errorf("level %q: code %d, got %q, want %q, all of it:\n%s", level, r.Code, got, want, r.Stderr)
		}
		if lines := strings.Count(r.Stderr, "\n"); lines != len(line.FindAllString(r.Stderr, -1)) {
			t.Errorf("level %q: some line is no record:\n%s", level, r.Stderr)
		}
	}
}

// The parent copes with a child that logs without end and is killed in the middle of a record.
func TestKilledWhileLogging(t *testing.T) {
	leak.Check(t)
	heard := make(chan struct{}, 1)
	logging.ToSlog(notifier(heard))
	defer logging.Off()
	for range 10 {
		p, err := mp.Start(t.Context(), Chatter, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		<-heard
		p.Kill()
		if _, err := p.Result(t.Context()); !errors.As(err, new(*mp.ExitError)) {
			t.Errorf("Result: %v", err)
		}
	}
}

// notifier is a slog.Handler that signals each record.
type notifier chan struct{}

func (n notifier) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }
func (n notifier) WithAttrs([]slog.Attr) slog.Handler           { return n }
func (n notifier) WithGroup(string) slog.Handler                { return n }

func (n notifier) Handle(context.Context, slog.Record) error {
	select {
	case n <- struct{}{}:
	default:
	}
	return nil
}

func TestMisuse(t *testing.T) {
	for what, f := range map[string]func(){
		"logging.Logger()): the log would": func() { logging.ToHclog(logging.Logger()) },
		"the log would go round":           func() { logging.ToHclog(logging.Logger().With("k", 1).Named("a").ResetNamed("b")) },
		"go round in circles":              func() { logging.ToSlog(logging.Handler().WithGroup("g")) },
		`no level of logging is called "`:  func() { mp.LogToStderr(time.Second) },
	} {
		func() {
			defer func() {
				if r := fmt.Sprint(recover()); !strings.Contains(r, what) {
					t.Errorf("panic: %s, want %s", r, what)
				}
			}()
			f()
		}()
	}
}
