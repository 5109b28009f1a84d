package logging_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/logging"
)

// Hush logs through several loggers, after it has set the level of one of them.
var Hush = mp.Register("hush", func(_ context.Context, byParent bool) (bool, error) {
	parent := logging.Logger()
	part := parent.Named("raft").With("k", 1)
	other := part.ResetNamed("other")
	part.Debug("before")
	if byParent {
		parent.SetLevel(hclog.Error)
	} else {
		part.SetLevel(hclog.Error)
	}
	for _, l := range []hclog.Logger{parent, part, other, part.Named("sub")} {
		l.Debug("hushed")
		l.StandardLogger(nil).Print("hushed, too")
	}
	part.Error("loud")
	logging.Logger().Debug("another")
	other.SetLevel(hclog.Off)
	part.Error("hushed")
	other.SetLevel(hclog.Trace)
	part.Debug("after")
	part.Trace("below the log's own level")
	return part.IsTrace(), nil
})

// SetLevel holds for a logger and for all loggers derived from the same one, and for no other logger.
func TestSetLevel(t *testing.T) {
	leak.Check(t)
	defer logging.Off()
	for _, byParent := range []bool{false, true} {
		c := &collector{level: slog.LevelDebug}
		logging.ToSlog(c)
		p, err := mp.Start(t.Context(), Hush, byParent, nil)
		if err != nil {
			t.Fatal(err)
		}
		if trace, err := p.Result(t.Context()); !trace || err != nil {
			t.Errorf("GetLevel is not what was set: %v, %v", trace, err)
		}
		for message, want := range map[string]int{
			"hushed": 0, "raft: hushed": 0, "other: hushed": 0, "raft.sub: hushed": 0, "hushed, too": 0, "raft: hushed, too": 0,
			"raft: before": 1, "raft: loud": 1, "another": 1, "raft: after": 1, "raft: below the log's own level": 0,
		} {
			if n := len(c.said(message)); n != want {
				t.Errorf("set by the parent: %v: %q came %d times, want %d", byParent, message, n, want)
			}
		}
	}
}

// A logger that was made before ToSlog was called writes to that log, too.
func TestLoggerFromBefore(t *testing.T) {
	leak.Check(t)
	logging.Off()
	l := logging.Logger().Named("early")
	c := &collector{level: slog.LevelInfo}
	logging.ToSlog(c)
	defer logging.Off()
	l.Info("bird")
	l.Debug("worm")
	if len(c.said("early: bird")) != 1 || len(c.said("early: worm")) != 0 {
		t.Error(c.list)
	}
}

// Beans logs values of the types that tell hclog how to print them.
var Beans = mp.Register("beans", func(context.Context, int) (int, error) {
	args := []any{
		"per", hclog.Fmt("%d beans", 12), "hex", hclog.Hex(255), "octal", hclog.Octal(8), "binary", hclog.Binary(5), "quote", hclog.Quote("a b"),
	}
	logging.Logger().With("with", hclog.Hex(16)).Info("count", args...)
	if _, changed := args[1].(string); changed {
		return 0, errors.New("the caller's arguments are others now")
	}
	return 0, nil
})

// Values of the types that tell hclog how to print them are printed so by slog as well, from a child and from this process.
func TestFormats(t *testing.T) {
	leak.Check(t)
	c := &collector{level: slog.LevelInfo}
	logging.ToSlog(c)
	defer logging.Off()
	p, err := mp.Start(t.Context(), Beans, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Result(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := Beans.Call(t.Context(), 0); err != nil { // in this process
		t.Error(err)
	}
	got := c.said("count")
	if len(got) != 2 {
		t.Fatalf("%d records", len(got))
	}
	for _, m := range got {
		for k, want := range map[string]string{
			"per": "12 beans", "hex": "0xff", "octal": "010", "binary": "0b101", "quote": "a b", "with": "0x10",
		} {
			if fmt.Sprint(m[k]) != want {
				t.Errorf("%s is %v, want %s, from process %v", k, m[k], want, m["pid"])
			}
		}
	}
}

// The arguments of the library's own records do not overwrite those that say which process a record is from. In JSON a record
// cannot have two arguments of one name.
func TestJSON(t *testing.T) {
	leak.Check(t)
	var out buffer
	logging.ToHclog(hclog.New(&hclog.LoggerOptions{Output: &out, Level: hclog.Debug, JSONFormat: true}))
	defer logging.Off()
	pid, _ := say(t)
	pool, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	pool.Close()
	seen := make(map[string]bool)
	for line := range strings.Lines(out.String()) {
		var r struct {
			Message string `json:"@message"`
			Process string
			Pid     int
			Child   int `json:"child_pid"`
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if (r.Process == "MainProcess") != (r.Pid == os.Getpid()) {
			t.Errorf("process and pid do not belong together: %s", line)
		}
		if r.Message == "a process was started" && r.Child == pid || r.Message == "worker is ready" && r.Child != 0 {
			seen[r.Message] = true
		}
	}
	if len(seen) != 2 {
		t.Errorf("only of %v was the pid seen:\n%s", seen, out.String())
	}
}
