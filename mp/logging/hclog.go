package logging

import (
	"io"
	"log/slog"

	"github.com/hashicorp/go-hclog"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/record"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// ours is a logger that writes to the log, as do those that are made of it, so that the log is not given to it.
type ours struct{ hclog.Logger }

// With is documented with hclog.Logger.
func (o ours) With(args ...any) hclog.Logger { return ours{o.Logger.With(args...)} }

// Named is documented with hclog.Logger.
func (o ours) Named(name string) hclog.Logger { return ours{o.Logger.Named(name)} }

// ResetNamed is documented with hclog.Logger.
func (o ours) ResetNamed(name string) hclog.Logger { return ours{o.Logger.ResetNamed(name)} }

// Logger returns a logger that writes to the log of the library, Python's get_logger. Its level is that of the log when it
// is made: make it where it is used, in the function that a child runs.
func Logger() hclog.Logger {
	l := hclog.NewInterceptLogger(&hclog.LoggerOptions{Output: io.Discard, Level: hclog.Level(spawn.LogLevel())})
	l.RegisterSink(hclogSink{})
	return ours{l}
}

// hclogSink takes what a logger was given.
type hclogSink struct{}

// Accept is documented with hclog.SinkAdapter.
func (hclogSink) Accept(name string, level hclog.Level, msg string, args ...any) {
	if name != "" {
		msg = name + ": " + msg
	}
	spawn.LogRecord(&record.Record{Level: record.Level(level), Message: msg, Args: args})
}

// ToHclog gives every record to l, from l's level on; its time is l's own. The place in the source, if known, is the argument
// source. Later changes of l's level do not reach processes that were started before. To give
// records to Logger, or to a logger made of it, would be an endless loop, and is a panic.
//
// Records of a child are written by the goroutine that reads what the child sends: a logger that blocks keeps back its
// results too.
func ToHclog(l hclog.Logger) {
	if _, loop := l.(ours); loop {
		panic("mp: logging.ToHclog(logging.Logger()): the log would go round in circles")
	}
	level := record.Level(l.GetLevel())
	if level < record.Trace { // hclog.NoLevel is its default
		level = record.Level(hclog.DefaultLevel)
	}
	spawn.SetLog(level, func(r *record.Record) {
		args := origin(r)
		if r.Source != "" {
			args = append(args, slog.SourceKey, r.Source)
		}
		l.Log(hclog.Level(r.Level), r.Message, append(args, r.Args...)...)
	})
}
