package wire

import (
	"strconv"
	"testing"
)

func bench[T any](b *testing.B, v T) {
	c := mustCompile[T](b)
	var buf Buffer
	if err := c.Encode(&buf, &v); err != nil {
		b.Fatal(err)
	}
	size := int64(len(buf.Data))
	b.Run("encode", func(b *testing.B) {
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			buf.Reset()
			if err := c.Encode(&buf, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			var out T
			if err := c.Decode(buf.Data, nil, &out); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("reuse", func(b *testing.B) {
		b.SetBytes(size)
		b.ReportAllocs()
		var out T
		for b.Loop() {
			if err := c.Decode(buf.Data, nil, &out); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkInt(b *testing.B) { bench(b, 123456) }

func BenchmarkStruct(b *testing.B) {
	type job struct {
		ID    int
		Name  string
		Score float64
		Done  bool
		Tags  []string
	}
	bench(b, job{123456, "resize", 0.5, true, []string{"a", "b"}})
}

func BenchmarkFloats1M(b *testing.B) { bench(b, make([]float32, 1<<20)) }

func BenchmarkStrings1000(b *testing.B) {
	ss := make([]string, 1000)
	for i := range ss {
		ss[i] = "item-" + strconv.Itoa(i)
	}
	bench(b, ss)
}

func BenchmarkMap100(b *testing.B) {
	m := map[string]int{}
	for i := range 100 {
		m[strconv.Itoa(i)] = i
	}
	bench(b, m)
}
