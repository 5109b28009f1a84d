// Package record is one record of the log: the message, its level, and its process. Children send records to their parents.
// Programs read and write records by package logging.
package record

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Level is the severity of a record. The order is that of hclog.
type Level int8

// Levels. Off is above all records: nothing is logged.
const (
	Trace Level = iota + 1
	Debug
	Info
	Warn
	Error
	Off
)

var levelNames = [...]string{Trace: "TRACE", Debug: "DEBUG", Info: "INFO", Warn: "WARN", Error: "ERROR", Off: "OFF"}

// String is the name of the level in capitals.
func (l Level) String() string {
	if l < Trace || l > Off {
		return fmt.Sprintf("LEVEL(%d)", int(l))
	}
	return levelNames[l]
}

// ParseLevel finds the level of that name: trace, debug, info, warn, error or off, in any case. It also takes the names that slog
// gives to levels in between, such as DEBUG-4, which is trace here.
func ParseLevel(name string) (Level, error) {
	base, offset := strings.ToUpper(name), 0
	if i := strings.IndexAny(base, "+-"); i > 0 {
		n, err := strconv.Atoi(base[i:])
		if err != nil {
			return 0, unknownLevel(name)
		}
		base, offset = base[:i], n
	}
	for l := Trace; l <= Off; l++ {
		switch {
		case levelNames[l] != base:
		case offset == 0:
			return l, nil
		case l >= Debug && l <= Error:
			return FromSlog(l.Slog() + offset), nil
		}
	}
	return 0, unknownLevel(name)
}

func unknownLevel(name string) error {
	return fmt.Errorf("no level of logging is called %q; there are trace, debug, info, warn, error and off", name)
}

// FromSlog is the level for a number of package slog.
func FromSlog(n int) Level {
	for _, l := range []Level{Error, Warn, Info, Debug} {
		if n >= l.Slog() {
			return l
		}
	}
	return Trace
}

// Slog is the number of package slog for the level: levels are 4 apart, and Info is 0.
func (l Level) Slog() int { return 4 * int(l-Info) }

// Record is one record.
type Record struct {
	Time    time.Time
	Level   Level
	Message string
	Args    []any  // keys and values in turn
	Source  string // a Place; empty: not known

	Process string // the name of the process
	Pid     int
	Task    string // what the process was running, such as resize[7]; empty: no task
}

// Place is how records name a line of a source file: file:line, without the directory.
func Place(file string, line int) string { return filepath.Base(file) + ":" + strconv.Itoa(line) }

// SplitPlace is the reverse of Place. A child may send any text: without a line number in it, line is 0.
func SplitPlace(place string) (file string, line int) {
	i := strings.LastIndexByte(place, ':')
	if i < 0 {
		return place, 0
	}
	line, _ = strconv.Atoi(place[i+1:])
	return place[:i], line
}

// Append appends the record as a line of text. The form is hclog's, with the process before the message.
func (r *Record) Append(b []byte) []byte {
	b = r.Time.AppendFormat(b, "2006-01-02T15:04:05.000Z0700")
	b = fmt.Appendf(b, " %-7s %s (pid %d", "["+r.Level.String()+"]", oneLine(r.Process), r.Pid)
	if r.Task != "" {
		b = append(append(b, ", "...), oneLine(r.Task)...)
	}
	b = append(b, "): "...)
	if r.Source != "" {
		b = append(append(b, oneLine(r.Source)...), ": "...)
	}
	b = append(b, oneLine(r.Message)...)
	for i := 0; i < len(r.Args); i += 2 {
		if i == 0 {
			b = append(b, ':')
		}
		key, value := "EXTRA_VALUE_AT_END", r.Args[i]
		if i+1 < len(r.Args) {
			key, value = text(r.Args[i]), r.Args[i+1]
		}
		b = append(append(append(b, ' '), oneLine(key)...), '=')
		b = appendValue(b, value)
	}
	return append(b, '\n')
}

func oneLine(s string) string { return strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace(s) }

// appendValue appends a value. It quotes values that could be misread.
func appendValue(b []byte, v any) []byte {
	s := text(v)
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '"' || r == '=' || !strconv.IsPrint(r) }) {
		return strconv.AppendQuote(b, s)
	}
	return append(b, s...)
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case time.Time:
		return v.Format(time.RFC3339Nano)
	default:
		return fmt.Sprint(v)
	}
}

// Portable replaces arguments that cannot travel to another process by their text. It copies Args first.
func (r *Record) Portable() {
	r.Args = slices.Clone(r.Args)
	for i, v := range r.Args {
		switch v.(type) {
		case nil, bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64,
			string, time.Duration, time.Time:
		default:
			r.Args[i] = text(v)
		}
	}
}
