package spawn

import (
	"fmt"
	"math"
	"os"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// loud is a number whose methods Summary must not call: they may hang, or may be what ended the worker.
type loud int

func (loud) String() string         { panic("String was called") }
func (loud) Error() string          { panic("Error was called") }
func (loud) Format(fmt.State, rune) { select {} }

func TestSummaryCallsNobody(t *testing.T) {
	done := make(chan string, 1)
	go func() { done <- Summary([]loud{1, 2}) }()
	select {
	case got := <-done:
		if got != "[1 2]" {
			t.Error(got)
		}
	case <-time.After(10 * time.Second):
		t.Error("it hangs in a method of the value")
	}
}

// Summary does not copy a large value, and cuts a struct with many fields short.
func TestSummaryIsCheap(t *testing.T) {
	type large struct{ Numbers [1 << 24]int }
	v := &struct{ L *large }{new(large)}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := Summary(v)
	runtime.ReadMemStats(&after)
	if copied := after.TotalAlloc - before.TotalAlloc; copied > 1<<20 || !strings.HasPrefix(got, "{L:{Numbers:[0 0 ") {
		t.Errorf("%d bytes for %s", copied, got)
	}
	var fields []reflect.StructField
	for i := range 1000 {
		fields = append(fields, reflect.StructField{Name: fmt.Sprint("F", i), Type: reflect.TypeFor[int]()})
	}
	if got := Summary(reflect.Zero(reflect.StructOf(fields)).Interface()); len(got) > 2*summarySize {
		t.Errorf("%d bytes", len(got))
	}
}

func TestSummary(t *testing.T) {
	type part struct {
		Name string
		N    int
	}
	type job struct {
		Path  string
		Parts []part
		Data  []byte
		Wait  time.Duration
		Next  *job
		own   sync.Mutex
	}
	loop := &job{Path: "x"}
	loop.Next = loop
	loop.own.Lock() // another goroutine is using it
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for _, c := range []struct {
		v    any
		want string
	}{
		{nil, "<nil>"},
		{7, "7"},
		{"a\n", `"a\n"`},
		{[]int{1, 2}, "[1 2]"},
		{make([]byte, 1<<20), "1048576 bytes"},
		{map[string]int{"a": 1}, "map of 1"},
		{&job{Path: "p", Parts: []part{{"n", 1}}, Wait: time.Second}, `{Path:"p" Parts:[{Name:"n" N:1}] Data:0 bytes Wait:1s Next:<nil>}`},
		{&part{"é", 1}, `{Name:"é" N:1}`},
		{time.Unix(0, 0).UTC(), "1970-01-01T00:00:00Z"},
		{(*os.File)(nil), "<nil>"},
		{[]*os.File{null}, fmt.Sprintf("[file %q]", os.DevNull)},
		{[]any{true, uint8(200), float32(0.1), math.NaN(), 1i, map[int]int(nil)}, "[true 200 0.1 NaN (0+1i) map of 0]"},
		{struct{ C chan int }{}, "{C:chan int}"},
	} {
		if got := Summary(c.v); got != c.want {
			t.Errorf("%T: %s, want %s", c.v, got, c.want)
		}
	}
	for _, huge := range []any{strings.Repeat("é", 1<<20), make([]int, 1<<20), make([]job, 1000), loop, [][][]string{{{strings.Repeat("x", 999)}}}} {
		if got := Summary(huge); len(got) > 3*summarySize || !strings.Contains(got, "…") {
			t.Errorf("%T: %d bytes: %.300s", huge, len(got), got)
		}
	}
}
