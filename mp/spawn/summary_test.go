package spawn

import (
	"os"
	"strings"
	"testing"
	"time"
)

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
		next  *job
	}
	loop := &job{Path: "x"}
	loop.next = loop
	for _, c := range []struct {
		v    any
		want string
	}{
		{nil, "<nil>"},
		{7, "7"},
		{"a\n", `"a\n"`},
		{[]int{1, 2}, "[1 2]"},
		{make([]byte, 1<<30), "1073741824 bytes"},
		{map[string]int{"a": 1}, "map of 1"},
		{job{Path: "p", Parts: []part{{"n", 1}}, Wait: time.Second}, `{Path:"p" Parts:[{Name:"n" N:1}] Data:0 bytes Wait:1s next:<nil>}`},
		{&part{"é", 1}, `{Name:"é" N:1}`},
		{time.Unix(0, 0).UTC(), "1970-01-01T00:00:00Z"},
		{(*os.File)(nil), "<nil>"},
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
