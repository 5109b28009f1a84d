package spawn

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/record"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// logSink is where records go, and from which level on.
type logSink struct {
	level record.Level
	write func(*record.Record)
}

// sink is nil until SetLog: the library is silent.
var sink atomic.Pointer[logSink]

// LogToStderr logs to standard error what the library does, and what functions log through package logging. Python's name for
// it is log_to_stderr. Processes that are started from now on log at the same level: their records come to this process, which
// writes them with the name and pid of the process and what it was running.
//
// The level is one of hclog, such as hclog.Debug, one of slog, such as slog.LevelDebug, or anything else whose String is
// the name of a level: trace, debug, info, warn, error or off. Another name is a panic.
//
// In a child it replaces the log to the parent: the child then writes to its own standard error.
func LogToStderr(level fmt.Stringer) {
	l, err := record.ParseLevel(level.String())
	if err != nil {
		panic(fmt.Sprintf("mp: LogToStderr at %s: %v", callSite(), err))
	}
	SetLog(l, writeToStderr)
}

// writeToStderr writes a record in one call, so that lines of several processes do not mix. It holds no lock: making the
// text may run code of the program, which may log itself.
func writeToStderr(r *record.Record) { os.Stderr.Write(r.Append(nil)) }

// SetLog passes records of this process, and of its descendants that are started from now on, to write. Several goroutines may
// call write at once. Programs use it by package logging.
func SetLog(level record.Level, write func(*record.Record)) {
	sink.Store(&logSink{level, write})
}

// LogLevel is the lowest level of records that this process logs; record.Off: none.
func LogLevel() record.Level {
	if s := sink.Load(); s != nil {
		return s.level
	}
	return record.Off
}

// LogRecord logs a record, with the name and pid of this process.
func LogRecord(r *record.Record) {
	s := sink.Load()
	if s == nil || r.Level < s.level {
		return
	}
	if r.Time.IsZero() {
		r.Time = time.Now()
	}
	r.Process, r.Pid = me().name, os.Getpid()
	s.write(r)
}

// Logger logs the library's own messages.
type Logger struct{}

// Log is the log of the library's own messages. The arguments are keys and values.
var Log Logger

// Debug is for what happens all the time.
func (Logger) Debug(message string, args ...any) { log(record.Debug, message, args) }

// Info is for what happens now and then.
func (Logger) Info(message string, args ...any) { log(record.Info, message, args) }

// Warn is for problems that the library can mend.
func (Logger) Warn(message string, args ...any) { log(record.Warn, message, args) }

// Error is for problems that the library cannot mend.
func (Logger) Error(message string, args ...any) { log(record.Error, message, args) }

func log(level record.Level, message string, args []any) {
	if level < LogLevel() {
		return
	}
	r := &record.Record{Level: level, Message: message, Args: args}
	if _, file, line, ok := runtime.Caller(2); ok {
		r.Source = record.Place(file, line)
	}
	LogRecord(r)
}

var recordCodec = sync.OnceValue(func() *wire.Codec[record.Record] { return must(wire.Compile[record.Record]()) })

// atWork returns the number by which the parent knows what this process is running. It is nil before TellTask.
var atWork atomic.Pointer[func() uint64]

// TellTask makes records travel to the parent with the number that at returns, by which the parent knows what this process is
// running. A role calls it before it begins to serve.
func TellTask(at func() uint64) { atWork.Store(&at) }

func taskAtWork() uint64 {
	if at := atWork.Load(); at != nil {
		return (*at)()
	}
	return 0
}

// logToParent sends a child's records to its parent. If the parent is gone, they are lost.
func logToParent(l link.Link, level record.Level) {
	if level >= record.Off {
		return
	}
	SetLog(level, func(r *record.Record) {
		r.Portable()
		var b wire.Buffer
		if recordCodec().Encode(&b, r) == nil {
			l.Urge(link.Msg{Kind: KindRecord, ID: taskAtWork(), Body: b.Data})
		}
	})
}

// Relay logs a record that the child has sent: its own, or that of a descendant. The task is what the child is running. It
// releases m.
func (c *Child) Relay(m link.Msg, task string) {
	var r record.Record
	s := sink.Load()
	if s != nil && recordCodec().Decode(m.Body, nil, &r) == nil && r.Level >= s.level {
		if r.Pid == c.Pid() && r.Task == "" {
			r.Task = task
		}
		s.write(&r)
	}
	m.Release()
	m.CloseFiles() // a record has none, but a child may send what it likes
}
