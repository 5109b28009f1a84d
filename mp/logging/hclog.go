package logging

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync/atomic"

	"github.com/hashicorp/go-hclog"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/record"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// ours is the type of Logger and of the loggers derived from it. ToHclog recognises by it a logger that writes to the log.
type ours struct {
	hclog.Logger
	sink *hclogSink
}

// With is documented with hclog.Logger.
func (o ours) With(args ...any) hclog.Logger { return ours{o.Logger.With(args...), o.sink} }

// Named is documented with hclog.Logger.
func (o ours) Named(name string) hclog.Logger { return ours{o.Logger.Named(name), o.sink} }

// ResetNamed is documented with hclog.Logger.
func (o ours) ResetNamed(name string) hclog.Logger { return ours{o.Logger.ResetNamed(name), o.sink} }

// SetLevel is documented with hclog.Logger.
func (o ours) SetLevel(level hclog.Level) {
	o.Logger.SetLevel(level)
	o.sink.level.Store(int32(level))
}

// Logger returns a logger that writes to the log of the library. It takes the level that the log has at that moment, so call
// Logger where you use it, in the function that a child runs. SetLevel drops records of this logger, and of those derived from it,
// that are below the level. It is Python's get_logger.
func Logger() hclog.Logger {
	l := hclog.NewInterceptLogger(&hclog.LoggerOptions{Output: io.Discard, Level: hclog.Level(spawn.LogLevel())})
	sink := new(hclogSink)
	l.RegisterSink(sink)
	return ours{l, sink}
}

// hclogSink passes the records of a logger to the log. It gets all of them, whatever the level of the logger.
type hclogSink struct{ level atomic.Int32 } // set by SetLevel; hclog.NoLevel: only the level of the log counts

// Accept is documented with hclog.SinkAdapter.
func (s *hclogSink) Accept(name string, level hclog.Level, msg string, args ...any) {
	if level < hclog.Level(s.level.Load()) || record.Level(level) < spawn.LogLevel() {
		return
	}
	if name != "" {
		msg = name + ": " + msg
	}
	spawn.LogRecord(&record.Record{Level: record.Level(level), Message: msg, Args: printed(args)})
}

// printed returns args with hclog's values for formatting (Format, Hex, Octal, Binary) replaced by their text. Other
// loggers, and other processes, do not know these types. A Quote stays: every form of the log quotes what needs it.
func printed(args []any) []any {
	args = slices.Clone(args)
	for i, v := range args {
		switch v := v.(type) {
		case hclog.Format:
			args[i] = fmt.Sprintf(v[0].(string), v[1:]...)
		case hclog.Hex:
			args[i] = fmt.Sprintf("0x%x", uint64(v))
		case hclog.Octal:
			args[i] = fmt.Sprintf("0%o", uint64(v))
		case hclog.Binary:
			args[i] = fmt.Sprintf("0b%b", uint64(v))
		}
	}
	return args
}

// ToHclog gives every record from l's level on to l, which sets the time of its own. The place in the source, if known, is the
// argument source. Later changes of l's level do not reach processes that are already running. ToHclog panics if l is Logger, or
// derived from it, which would be an endless loop.
//
// The goroutine that reads from a child also writes the child's records: a logger that blocks delays the child's results, too.
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
