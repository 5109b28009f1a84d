package wire

import (
	"testing"
	"time"
)

func TestAny(t *testing.T) {
	for _, x := range []any{
		nil, true, 1, int8(1), int16(1), int32(1), int64(1), uint(1), uint8(1), uint16(1), uint32(1), uint64(1),
		float32(1), 1.0, "s", time.Unix(1, 2), time.Second,
		[]bool{true},
		[]byte{1},
		[]int{1},
		[]int32{1},
		[]int64{1},
		[]uint32{1},
		[]uint64{1},
		[]float32{1},
		[]float64{1},
		[]string{"a"},
		[]any{nil, 1, []any{"x"}},
		map[string]any{"a": 1, "b": map[string]any{}},
		map[string]string{"a": "b"},
		[]any(nil), map[string]any(nil), []byte(nil),
		[]any{},
	} {
		same(t, x)
		same(t, []any{x})
		same(t, map[string]any{"k": x})
	}
	type Any any
	same[Any](t, 5)
}

func TestAnyRefuses(t *testing.T) {
	type Job struct{ Args map[string]any }
	c := mustCompile[Job](t)
	const ways = ": convert it to one of " + carriedTypes + ", or declare the field with its own type"
	for _, x := range []struct {
		v    any
		want string
	}{
		{Base{}, "wire.Base"},
		{&Base{}, "*wire.Base"},
		{[]Base{}, "[]wire.Base"},
		{myInt(1), "wire.myInt"},
		{map[int]any{}, "map[int]any"},
		{[]int8{}, "[]int8"},
		{func() {}, "func()"},
		{errNaughty, "*errors.errorString"},
		{Pair[Base, any]{}, "wire.Pair[wire.Base,any]"},
	} {
		want := "encode Job.Args[\"k\"][1]: an any cannot carry a " + x.want + ways
		if err := c.Encode(new(Buffer), &Job{map[string]any{"k": []any{1, x.v}}}); err == nil || err.Error() != want {
			t.Errorf("\n got %v\nwant %s", err, want)
		}
	}
}
