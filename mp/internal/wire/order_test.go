package wire

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"testing"
)

// Types that are parts of each other: each has the next one by value, or behind a slice or a map.
type (
	vertex struct {
		Name string
		Out  []edge
	}
	edge struct {
		To     vertex
		Weight float64
	}
	town struct {
		Streets map[string]street
		Square  [3]int32
	}
	street struct {
		To   [2]town
		Back *street
	}
	ledgers struct {
		A, B, C, D []byte
		Rows       []row
	}
	row    [1]ledgers
	shelf  [2]book
	book   struct{ Boxes []box }
	box    struct{ Shelves map[int8]shelf }
	shelfs struct {
		Top  shelf
		More []shelfs
	}
)

// The order in which a process compiles types does not change the encoding, although the padding of a map depends on the least size of
// its entries.
func TestOrderOfCompiling(t *testing.T) {
	agree(t, func(i int) edge { return edge{vertex{"x", []edge{{}}}, float64(i)} },
		reflect.TypeFor[vertex](), reflect.TypeFor[edge](), reflect.TypeFor[map[string]edge]())
	agree(t, func(i int) street { return street{To: [2]town{{Square: [3]int32{int32(i)}}}, Back: &street{}} },
		reflect.TypeFor[town](), reflect.TypeFor[street](), reflect.TypeFor[map[string]street]())
	agree(t, func(i int) row { return row{{A: bytes.Repeat([]byte{1}, i), Rows: []row{{}}}} },
		reflect.TypeFor[ledgers](), reflect.TypeFor[row](), reflect.TypeFor[map[string]row]())
	agree(t, func(int) shelf { return shelf{{[]box{{map[int8]shelf{1: {}}}}}} },
		reflect.TypeFor[book](), reflect.TypeFor[box](), reflect.TypeFor[shelf](), reflect.TypeFor[shelfs]())
}

// agree compiles the types in all orders. The codecs of a map must decode each other's encodings, and all orders must give the same
// least sizes.
func agree[T any](t *testing.T, value func(i int) T, types ...reflect.Type) {
	t.Helper()
	var codecs []*Codec[map[string]T]
	var first map[reflect.Type]int
	orders(types, func() {
		compiled.Clear()
		for _, typ := range types {
			if _, err := compile(typ); err != nil {
				t.Fatal(err)
			}
		}
		codecs = append(codecs, mustCompile[map[string]T](t))
		least := map[reflect.Type]int{}
		compiled.Range(func(typ, p any) bool {
			least[typ.(reflect.Type)] = p.(plan).least()
			return true
		})
		if first == nil {
			first = least
		} else if !maps.Equal(first, least) {
			t.Errorf("%v: the first order has %v, this one %v", types, first, least)
		}
	})
	m := map[string]T{}
	for i := range 4 {
		m[fmt.Sprint(i)] = value(i)
		for _, from := range codecs {
			var b Buffer
			if err := from.Encode(&b, &m); err != nil {
				t.Fatal(err)
			}
			for _, to := range codecs {
				var out map[string]T
				if err := to.Decode(b.Data, nil, &out); err != nil {
					t.Errorf("%T of %d: %v", m, len(m), err)
					return
				} else if !reflect.DeepEqual(out, m) {
					t.Errorf("sent %v, got %v", m, out)
				}
			}
		}
	}
}

// orders calls f for each order of the types.
func orders(types []reflect.Type, f func()) {
	var fix func(n int)
	fix = func(n int) {
		if n == len(types) {
			f()
			return
		}
		for i := n; i < len(types); i++ {
			types[n], types[i] = types[i], types[n]
			fix(n + 1)
			types[n], types[i] = types[i], types[n]
		}
	}
	fix(0)
}

func TestLeast(t *testing.T) {
	compiled.Clear()
	for _, typ := range []reflect.Type{reflect.TypeFor[vertex](), reflect.TypeFor[ledgers](), reflect.TypeFor[shelfs]()} {
		if _, err := compile(typ); err != nil {
			t.Fatal(err)
		}
	}
	for typ, want := range map[reflect.Type]int{
		reflect.TypeFor[vertex]():  3,
		reflect.TypeFor[edge]():    1 + 3 + 9,
		reflect.TypeFor[ledgers](): 6,
		reflect.TypeFor[row]():     1 + 6,
		reflect.TypeFor[shelfs]():  1 + (1 + 2*2) + 1,
	} {
		p, _ := compiled.Load(typ)
		if got := p.(plan).least(); got != want {
			t.Errorf("%v takes at least %d bytes, not %d", typ, want, got)
		}
	}
}
