package logging

import (
	"io"

	"github.com/hashicorp/go-hclog"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/record"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Logger returns a logger that writes to the log of the library, Python's get_logger. Its level is that of the log when it
// is made: make it where it is used, in the function that a child runs.
func Logger() hclog.Logger {
	l := hclog.NewInterceptLogger(&hclog.LoggerOptions{Output: io.Discard, Level: hclog.Level(spawn.LogLevel())})
	l.RegisterSink(hclogSink{})
	return l
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

// ToHclog gives every record to l, from l's level on; its time is l's own. Later changes of l's level do not reach
// processes that were started before.
func ToHclog(l hclog.Logger) {
	level := record.Level(l.GetLevel())
	if level < record.Trace { // hclog.NoLevel is its default
		level = record.Level(hclog.DefaultLevel)
	}
	spawn.SetLog(level, func(r *record.Record) {
		l.Log(hclog.Level(r.Level), r.Message, append(origin(r), r.Args...)...)
	})
}
