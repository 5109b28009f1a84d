package logging

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/record"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Handler returns a slog.Handler that writes to the log of the library: slog.New(logging.Handler()). Groups become
// prefixes of keys: request.id.
func Handler() slog.Handler { return handler{} }

type handler struct {
	prefix string // of keys, from WithGroup: "a.b."
	args   []any  // from WithAttrs
}

// Enabled is documented with slog.Handler.
func (h handler) Enabled(_ context.Context, level slog.Level) bool {
	return record.FromSlog(int(level)) >= spawn.LogLevel()
}

// Handle is documented with slog.Handler.
func (h handler) Handle(_ context.Context, r slog.Record) error {
	args := slices.Clone(h.args)
	r.Attrs(func(a slog.Attr) bool {
		args = appendAttr(args, h.prefix, a)
		return true
	})
	spawn.LogRecord(&record.Record{
		Time: r.Time, Level: record.FromSlog(int(r.Level)), Message: r.Message, Args: args, Source: source(r.PC),
	})
	return nil
}

// WithAttrs is documented with slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.args = slices.Clone(h.args)
	for _, a := range attrs {
		h.args = appendAttr(h.args, h.prefix, a)
	}
	return h
}

// WithGroup is documented with slog.Handler.
func (h handler) WithGroup(name string) slog.Handler {
	if name != "" {
		h.prefix += name + "."
	}
	return h
}

func appendAttr(args []any, prefix string, a slog.Attr) []any {
	v := a.Value.Resolve()
	switch {
	case v.Kind() == slog.KindGroup:
		if a.Key != "" { // without one the group is inlined
			prefix += a.Key + "."
		}
		for _, member := range v.Group() {
			args = appendAttr(args, prefix, member)
		}
		return args
	case a.Equal(slog.Attr{}):
		return args
	}
	return append(args, prefix+a.Key, v.Any())
}

// source is where the record was made, as file:line.
func source(pc uintptr) string {
	if pc == 0 {
		return ""
	}
	frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	return record.Place(frame.File, frame.Line)
}

// ToSlog gives every record to h, from the lowest level on for which h is enabled now. The place in the source, if known, is the
// attribute source, a *slog.Source without directory and function. As with ToHclog, a handler that blocks delays the results of
// children. ToSlog panics if h comes from Handler, which would be an endless loop.
func ToSlog(h slog.Handler) {
	if _, ours := h.(handler); ours {
		panic("mp: logging.ToSlog(logging.Handler()): the log would go round in circles")
	}
	ctx := context.Background()
	level := record.Trace
	for level < record.Off && !h.Enabled(ctx, slog.Level(level.Slog())) {
		level++
	}
	spawn.SetLog(level, func(r *record.Record) {
		out := slog.NewRecord(r.Time, slog.Level(r.Level.Slog()), r.Message, 0)
		out.Add(origin(r)...)
		if r.Source != "" {
			file, line := record.SplitPlace(r.Source)
			out.AddAttrs(slog.Any(slog.SourceKey, &slog.Source{File: file, Line: line}))
		}
		for args := r.Args; len(args) > 0; args = args[min(2, len(args)):] {
			if len(args) == 1 {
				out.AddAttrs(slog.Any("!BADKEY", args[0])) // as slog has it
			} else {
				out.Add(fmt.Sprint(args[0]), args[1]) // hclog takes any key
			}
		}
		h.Handle(ctx, out)
	})
}
