package logging_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/logging"
)

// Hush logs through loggers of which one has got a level of its own.
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

// SetLevel holds for a logger and all that are derived from the same one, and for no other.
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

// A logger that was made before there was a log writes to it all the same.
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
