// Package record is one record of the log: what was said, how grave it is, and by which process. It is what travels from a
// child to its parent. How a program reads or writes such records is in package logging.
package record

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Level says how grave a record is. The order is that of hclog.
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

// ParseLevel finds the level of that name: trace, debug, info, warn, error or off, in any case, and what slog makes of a
// level between two names, such as DEBUG-4 for what others call trace.
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

// FromSlog is the level that a number of package slog belongs to.
func FromSlog(n int) Level {
	for _, l := range []Level{Error, Warn, Info, Debug} {
		if n >= l.Slog() {
			return l
		}
	}
	return Trace
}

// Slog is the number that package slog has for the level: they are 4 apart, and Info is 0.
func (l Level) Slog() int { return 4 * int(l-Info) }

// Record is one record.
type Record struct {
	Time    time.Time
	Level   Level
	Message string
	Args    []any  // a key and a value, and so on
	Source  string // a Place, when it is known

	Process string // the name of the process
	Pid     int
	Task    string // what the process was running, such as resize[7]; empty: nothing
}

// Place is a line of a source file as records name it: file:line, without the directory.
func Place(file string, line int) string { return filepath.Base(file) + ":" + strconv.Itoa(line) }

// Append appends the record as a line of text, as hclog writes it, with the process in front of the message.
func (r *Record) Append(b []byte) []byte {
	b = r.Time.AppendFormat(b, "2006-01-02T15:04:05.000Z0700")
	b = fmt.Appendf(b, " %-7s %s (pid %d", "["+r.Level.String()+"]", r.Process, r.Pid)
	if r.Task != "" {
		b = append(append(b, ", "...), r.Task...)
	}
	b = append(b, "): "...)
	if r.Source != "" {
		b = append(append(b, r.Source...), ": "...)
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

// appendValue quotes what could be mistaken for something else.
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

// Portable replaces, in the arguments, what cannot travel to another process by its text. The arguments are copied.
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
