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

// sink is nil as long as nobody wants to know: the library is silent.
var sink atomic.Pointer[logSink]

// LogToStderr makes the library say on standard error what it does, and lets through what functions say through package
// logging; Python's name for it is log_to_stderr. Processes that are started from now on log at the same level: their
// records come to this process, which writes them with the name and pid of the process and what it was running.
//
// The level is one of hclog, such as hclog.Debug, one of slog, such as slog.LevelDebug, or anything else whose String is
// the name of a level: trace, debug, info, warn, error or off. Another name is a panic.
//
// In a child it takes the place of the way to the parent: the child then writes to its own standard error.
func LogToStderr(level fmt.Stringer) {
	l, err := record.ParseLevel(level.String())
	if err != nil {
		panic(fmt.Sprintf("mp: LogToStderr at %s: %v", callSite(), err))
	}
	SetLog(l, writeToStderr)
}

// writeToStderr writes a record in one call, so that lines of several processes do not mix. No lock is held: to make the
// text may run code of the program, which may log itself.
func writeToStderr(r *record.Record) { os.Stderr.Write(r.Append(nil)) }

// SetLog gives records of this process, and of its descendants that are started from now on, to write, which may be called
// by several goroutines at once. Package logging offers it to programs.
func SetLog(level record.Level, write func(*record.Record)) {
	sink.Store(&logSink{level, write})
}

// LogLevel is the lowest level of records that somebody wants to know of in this process.
func LogLevel() record.Level {
	if s := sink.Load(); s != nil {
		return s.level
	}
	return record.Off
}

// LogRecord logs a record, and says in it who it is from.
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

// Logger logs what the library has to say.
type Logger struct{}

// Log is where the library says something. The arguments are keys and values.
var Log Logger

// Debug is for what happens all the time.
func (Logger) Debug(message string, args ...any) { log(record.Debug, message, args) }

// Info is for what happens now and then.
func (Logger) Info(message string, args ...any) { log(record.Info, message, args) }

// Warn is for what the library can mend.
func (Logger) Warn(message string, args ...any) { log(record.Warn, message, args) }

// Error is for what it cannot.
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

// atWork tells the number of what this process is at, by which its parent knows it; nil when it has none.
var atWork atomic.Pointer[func() uint64]

// TellTask has records of the log travel with the number of what this process is at; a role calls it before it begins.
func TellTask(at func() uint64) { atWork.Store(&at) }

func taskAtWork() uint64 {
	if at := atWork.Load(); at != nil {
		return (*at)()
	}
	return 0
}

// logToParent makes a child's records messages to its parent. Those of a parent that is gone are lost.
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

// Relay logs a record that a child has sent: its own, or that of a descendant. The task is what the child is running.
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
