package record

import (
	"errors"
	"testing"
	"time"
)

func TestParseLevel(t *testing.T) {
	for name, want := range map[string]Level{
		"trace": Trace, "DEBUG": Debug, "Info": Info, "warn": Warn, "error": Error, "off": Off,
		"DEBUG-4": Trace, "DEBUG+2": Debug, "INFO+4": Warn, "ERROR+8": Error, "WARN-1": Info,
	} {
		if got, err := ParseLevel(name); got != want || err != nil {
			t.Errorf("ParseLevel(%q) = %v, %v; want %v", name, got, err, want)
		}
	}
	for _, name := range []string{"", "none", "verbose", "INFO+", "-4", "off-1", "trace+1"} {
		if got, err := ParseLevel(name); err == nil {
			t.Errorf("ParseLevel(%q) = %v", name, got)
		}
	}
	for l := Trace; l < Off; l++ {
		if back := FromSlog(l.Slog()); back != l {
			t.Errorf("%v is %v after the way through slog", l, back)
		}
	}
}

func TestLine(t *testing.T) {
	r := Record{
		Time: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC), Level: Warn, Message: "two\nlines",
		Args:    []any{"n", 1, "text", "a b", "err", errors.New(`"x"`), "empty", "", "left over"},
		Process: "a\nworker", Pid: 42, Task: "resize[7]", Source: "a.go:1",
	}
	const want = `2026-01-02T03:04:05.006Z [WARN]  a\nworker (pid 42, resize[7]): a.go:1: two\nlines: n=1 text="a b" err="\"x\"" empty="" ` +
		`EXTRA_VALUE_AT_END="left over"` + "\n"
	if got := string(r.Append(nil)); got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	r.Portable()
	if got := string(r.Append(nil)); got != want {
		t.Errorf("after Portable: got  %swant %s", got, want)
	}
}

func TestSplitPlace(t *testing.T) {
	for place, want := range map[string]struct {
		file string
		line int
	}{Place("dir/a:b.go", 12): {"a:b.go", 12}, "a.go": {"a.go", 0}, "a.go:x": {"a.go", 0}, "": {}} {
		if file, line := SplitPlace(place); file != want.file || line != want.line {
			t.Errorf("SplitPlace(%q) = %q, %d", place, file, line)
		}
	}
}
