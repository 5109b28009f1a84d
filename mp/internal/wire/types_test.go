package wire

import (
	"os"
	"reflect"
	"testing"
	"time"
)

func mustCompile[T any](t testing.TB) *Codec[T] {
	t.Helper()
	c, err := Compile[T]()
	if err != nil {
		t.Fatalf("Compile[%s]: %v", reflect.TypeFor[T](), err)
	}
	return c
}

// transfer encodes v, checks that every shorter message is refused, and decodes.
func transfer[T any](t testing.TB, v T) T {
	t.Helper()
	c := mustCompile[T](t)
	b := &Buffer{Data: []byte("before"), Files: []*os.File{nil}}
	if err := c.Encode(b, &v); err != nil {
		t.Fatal(err)
	}
	data, files := b.Data[len("before"):], b.Files[1:]
	step := 1 // try every length, if there are few
	if len(data) > 500 {
		step = len(data) / 100
	}
	kind := reflect.TypeFor[T]()
	text := plain(kind) && (kind.Kind() == reflect.String || kind.Kind() == reflect.Slice && kind.Elem().Kind() == reflect.Uint8 && plain(kind.Elem())) // any bytes are a valid message of such a type
	for i := 0; i < len(data) && !text; i += step {
		var out T
		if err := c.Decode(data[:i:i], files, &out); err == nil {
			t.Fatalf("%T: %d of %d bytes were enough", v, i, len(data))
		}
	}
	var out T
	if err := c.Decode(append(data[:len(data):len(data)], 0xc0), files, &out); err == nil && !text {
		t.Fatalf("%T: a trailing byte was not noticed", v)
	}
	out = *new(T)
	own := append([]byte(nil), data...)
	if err := c.Decode(own, files, &out); err != nil {
		t.Fatalf("%T: %v\n%x", v, err, data)
	}
	for i := range own {
		own[i] = 0xaa // nothing may alias the data
	}
	return out
}

func same[T any](t *testing.T, v T) {
	t.Helper()
	if out := transfer(t, v); !reflect.DeepEqual(out, v) {
		t.Errorf("%T: sent %#v, got %#v", v, v, out)
	}
}

type (
	myInt    int8
	myFloat  float32
	myString string
	myBytes  []byte
	myInts   []myInt
	myMap    map[myString]myInt

	Node struct {
		Value int
		Next  *Node
	}
	Tree struct {
		Name     string
		Children []Tree
		ByName   map[string]*Tree
	}
	Pair[A, B any] struct {
		First  A
		Second B
	}
	Base   struct{ ID int }
	hidden struct{ Level int }
	Inner  struct {
		Base
		hidden
		_      [3]byte
		Name   string
		Secret func()   `msgpack:"-"`
		cache  chan int `msgpack:"-,omitempty"` //lint:ignore U1000 it is there to be left out
	}
	Scalars struct {
		B   bool
		I   int
		I8  int8
		I16 int16
		I32 int32
		I64 int64
		U   uint
		U8  uint8
		U16 uint16
		U32 uint32
		U64 uint64
		F32 float32
		F64 float64
		S   string
		N   myInt
		D   time.Duration
	}
)
