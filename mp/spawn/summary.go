package spawn

import (
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
)

// summarySize is about how long a summary is, in bytes.
const summarySize = 120

// Summary shows a value as %+v does, cut short, but calls no method of the program's: what is left out costs nothing, however
// large the value is.
func Summary(v any) string {
	s := &summary{}
	s.value(reflect.ValueOf(v))
	return s.String()
}

type summary struct {
	strings.Builder
	depth int
}

// full reports that nothing more is to be shown, and leaves a mark of it, once.
func (s *summary) full() bool {
	if s.Len() < summarySize {
		return false
	}
	if !strings.HasSuffix(s.String(), "…") {
		s.WriteString("…")
	}
	return true
}

func (s *summary) value(v reflect.Value) {
	s.depth++
	defer func() { s.depth-- }()
	const deepest = 8
	if s.full() {
		return
	}
	if s.depth > deepest {
		s.WriteString("…")
		return
	}
	if !v.IsValid() {
		s.WriteString("<nil>")
		return
	}
	if t := v.Type(); v.CanInterface() && (t == reflect.TypeFor[time.Time]() || t == reflect.TypeFor[time.Duration]()) {
		s.moment(v.Interface()) // a copy: of others it may be a large one
		return
	}
	switch v.Kind() {
	case reflect.String:
		s.text(v.String())
	case reflect.Pointer, reflect.Interface:
		s.value(v.Elem())
	case reflect.Struct:
		s.WriteString("{")
		for i := 0; i < v.NumField() && !s.full(); i++ {
			s.space(i)
			s.WriteString(v.Type().Field(i).Name + ":")
			s.value(v.Field(i))
		}
		s.WriteString("}")
	case reflect.Slice, reflect.Array:
		s.list(v)
	case reflect.Map:
		fmt.Fprintf(s, "map of %d", v.Len()) // the order of its keys is not worth an order of ours
	default:
		s.scalar(v)
	}
}

func (s *summary) moment(v any) {
	switch t := v.(type) {
	case time.Time:
		s.WriteString(t.Format(time.RFC3339Nano))
	case time.Duration:
		s.WriteString(t.String())
	}
}

// scalar shows a bool or a number as such: package fmt would call its String method, if it has one, and that may be what has
// ended the worker.
func (s *summary) scalar(v reflect.Value) {
	switch {
	case v.Kind() == reflect.Bool:
		fmt.Fprint(s, v.Bool())
	case v.CanInt():
		fmt.Fprint(s, v.Int())
	case v.CanUint():
		fmt.Fprint(s, v.Uint())
	case v.Kind() == reflect.Float32:
		fmt.Fprint(s, float32(v.Float()))
	case v.CanFloat():
		fmt.Fprint(s, v.Float())
	case v.CanComplex():
		fmt.Fprint(s, v.Complex())
	default: // a chan, a func: they are not sent
		s.WriteString(v.Type().String())
	}
}

func (s *summary) list(v reflect.Value) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		fmt.Fprintf(s, "%d bytes", v.Len())
		return
	}
	s.WriteString("[")
	for i := 0; i < v.Len() && !s.full(); i++ {
		s.space(i)
		s.value(v.Index(i))
	}
	s.WriteString("]")
}

func (s *summary) space(i int) {
	if i > 0 {
		s.WriteString(" ")
	}
}

func (s *summary) text(t string) {
	if room := max(summarySize-s.Len(), 0); len(t) > room {
		for room > 0 && !utf8.RuneStart(t[room]) {
			room--
		}
		t = t[:room] + "…"
	}
	fmt.Fprintf(s, "%q", t)
}
