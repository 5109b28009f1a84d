package spawn

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"
)

// summarySize is about how long a summary is, in bytes.
const summarySize = 120

// Summary shows a value as %+v does, cut short. It calls no method of the program's. It does not look at fields that are not
// sent, because other goroutines may be using them. What it leaves out costs nothing, however large the value is.
func Summary(v any) string {
	s := &summary{text: make([]byte, 0, 2*summarySize)}
	s.value(reflect.ValueOf(v))
	return string(s.text)
}

type summary struct {
	text  []byte
	depth int
}

func (s *summary) add(text string) { s.text = append(s.text, text...) }

// full reports whether the summary is long enough. Then it ends it with an ellipsis, once.
func (s *summary) full() bool {
	if len(s.text) < summarySize {
		return false
	}
	if !bytes.HasSuffix(s.text, []byte("…")) {
		s.add("…")
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
		s.add("…")
		return
	}
	if !v.IsValid() {
		s.add("<nil>")
		return
	}
	if t := v.Type(); v.CanInterface() && (t == reflect.TypeFor[time.Time]() || t == reflect.TypeFor[time.Duration]()) {
		s.moment(v.Interface()) // Interface copies the value: other types may be large
		return
	}
	if f, ok := file(v); ok {
		s.add("file ")
		s.quote(f.Name())
		return
	}
	switch v.Kind() {
	case reflect.String:
		s.quote(v.String())
	case reflect.Pointer, reflect.Interface:
		s.value(v.Elem())
	case reflect.Struct:
		s.fields(v)
	case reflect.Slice, reflect.Array:
		s.list(v)
	case reflect.Map:
		s.text = fmt.Appendf(s.text, "map of %d", v.Len()) // its keys have no order, and sorting them is not worth it
	default:
		s.scalar(v)
	}
}

// file is the *os.File that v holds, if it does.
func file(v reflect.Value) (f *os.File, ok bool) {
	if v.Kind() == reflect.Pointer && !v.IsNil() && v.Type() == reflect.TypeFor[*os.File]() && v.CanInterface() {
		f, ok = v.Interface().(*os.File)
	}
	return f, ok
}

func (s *summary) fields(v reflect.Value) {
	s.add("{")
	shown := 0
	for i := 0; i < v.NumField() && !s.full(); i++ {
		if field := v.Type().Field(i); field.IsExported() && field.Tag.Get("msgpack") != "-" {
			s.space(shown)
			s.add(field.Name)
			s.add(":")
			s.value(v.Field(i))
			shown++
		}
	}
	s.add("}")
}

func (s *summary) moment(v any) {
	switch t := v.(type) {
	case time.Time:
		s.add(t.Format(time.RFC3339Nano))
	case time.Duration:
		s.add(t.String())
	}
}

// scalar shows a bool or a number without package fmt, which would call its String method, if it has one: that method may be
// what has ended the worker.
func (s *summary) scalar(v reflect.Value) {
	switch {
	case v.Kind() == reflect.Bool:
		s.text = strconv.AppendBool(s.text, v.Bool())
	case v.CanInt():
		s.text = strconv.AppendInt(s.text, v.Int(), 10)
	case v.CanUint():
		s.text = strconv.AppendUint(s.text, v.Uint(), 10)
	case v.CanFloat():
		s.text = strconv.AppendFloat(s.text, v.Float(), 'g', -1, v.Type().Bits())
	case v.CanComplex():
		s.text = fmt.Append(s.text, v.Complex())
	default: // a chan, a func: they are not sent
		s.add(v.Type().String())
	}
}

func (s *summary) list(v reflect.Value) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		s.text = fmt.Appendf(s.text, "%d bytes", v.Len())
		return
	}
	s.add("[")
	for i := 0; i < v.Len() && !s.full(); i++ {
		s.space(i)
		s.value(v.Index(i))
	}
	s.add("]")
}

func (s *summary) space(i int) {
	if i > 0 {
		s.add(" ")
	}
}

func (s *summary) quote(t string) {
	if room := max(summarySize-len(s.text), 0); len(t) > room {
		for room > 0 && !utf8.RuneStart(t[room]) {
			room--
		}
		t = t[:room] + "…"
	}
	s.text = strconv.AppendQuote(s.text, t)
}
