// Package logging connects the log of the library with hclog and slog, in both directions and across processes.
//
// Into the log: [Logger] is an hclog.Logger and [Handler] a slog.Handler for functions that run in children. Their records
// travel to the process that started the child. There they go to the log's destination, with the name and pid of the child and
// its current task.
//
// Out of the log: [ToHclog] and [ToSlog] give every record, of the library itself and of all descendants, to a logger of the
// program. mp.LogToStderr writes the records to standard error. Without one of the three nothing is logged, and a child does
// not even make a record. A process gets its level from its parent when it starts.
//
// The goroutine that reads from a process gives that process's records to the logger. A slow logger slows the process down. A
// logger that waits for the process, or for its pool, as in Close, waits for ever.
//
// Python has get_logger and log_to_stderr for this. The package is not part of mp because importing hclog takes a fifth of the
// time that an empty process takes to start.
package logging

import (
	"github.com/go-multiprocessing/multiprocessing/mp/internal/record"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Keys under which a record's origin is given to a logger of the program, before the record's own arguments. hclog's JSON keeps
// only the last of several arguments with the same key, so give your arguments other names. A record of the library about a
// child has the child's pid as child_pid.
const (
	ProcessKey = "process" // the name of the process
	PidKey     = "pid"
	TaskKey    = "task" // what the process was running, such as resize[7]; not there when it ran no task
)

// origin are the arguments that say where a record is from.
func origin(r *record.Record) []any {
	args := []any{ProcessKey, r.Process, PidKey, r.Pid}
	if r.Task != "" {
		args = append(args, TaskKey, r.Task)
	}
	return args
}

// Off ends logging in this process, and in processes that it starts from now on.
func Off() { spawn.SetLog(record.Off, func(*record.Record) {}) }
