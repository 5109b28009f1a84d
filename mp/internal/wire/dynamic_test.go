package wire

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

type endless *endless

func TestTypeOf(t *testing.T) {
	type node struct {
		Name string
		Next *node
	}
	typ, err := TypeOf(reflect.TypeFor[**node]())
	if err != nil {
		t.Fatal(err)
	}
	same, err := TypeOf(reflect.TypeFor[node]())
	if err != nil || same.Sum() != typ.Sum() || typ.Name() != "node" {
		t.Error(typ.Name(), err)
	}
	if name, ok := TypeName(typ.Sum()); name != "node" || !ok {
		t.Error(name, ok)
	}
	want := &node{"a", &node{"b", nil}}
	v, err := typ.Value(&want)
	if err != nil {
		t.Fatal(err)
	}
	var b Buffer
	if err := typ.Encode(&b, v); err != nil {
		t.Fatal(err)
	}
	var got **node
	if err := typ.Decode(b.Data, nil, typ.Target(reflect.ValueOf(&got).Elem())); err != nil || !reflect.DeepEqual(*got, want) {
		t.Error(err)
	}
	var none *node
	if _, err := typ.Value(&none); err == nil {
		t.Error("nil has been sent")
	}
	for _, bad := range []reflect.Type{reflect.TypeFor[func()](), reflect.TypeFor[struct{ C chan int }](), reflect.TypeFor[os.File]()} {
		if _, err := TypeOf(bad); err == nil || !strings.Contains(err.Error(), "cannot be sent") {
			t.Errorf("%v: %v", bad, err)
		}
	}
	_, _ = TypeOf(reflect.TypeFor[endless]()) // must return
}

// Two types with the same name and the same sent fields have different sums if their other fields make the encoding different.
func TestSumOfNamesakes(t *testing.T) {
	bare := func() reflect.Type {
		type namesake struct{ A int8 }
		return reflect.TypeFor[map[string]namesake]()
	}
	laden := func() reflect.Type {
		type namesake struct {
			A     int8
			Cache [100]byte `msgpack:"-"`
		}
		return reflect.TypeFor[map[string]namesake]()
	}
	from, err := TypeOf(bare())
	if err != nil {
		t.Fatal(err)
	}
	to, err := TypeOf(laden())
	if err != nil {
		t.Fatal(err)
	}
	entry := reflect.MakeMap(bare())
	entry.SetMapIndex(reflect.ValueOf("k"), reflect.Zero(bare().Elem()))
	var b Buffer
	if err := from.Encode(&b, entry); err != nil {
		t.Fatal(err)
	}
	got := reflect.New(laden()).Elem()
	if err := to.Decode(b.Data, nil, got); from.Sum() == to.Sum() && err != nil {
		t.Error("the sums are the same, and yet:", err)
	}
}

func TestTypeMemory(t *testing.T) {
	typ, err := TypeOf(reflect.TypeFor[[]uint32]())
	if err != nil {
		t.Fatal(err)
	}
	from, to := []uint32{1, 2, 3}, []uint32{9}
	mem, ok := typ.Memory(reflect.ValueOf(&from).Elem())
	if !ok || len(mem) != 12 {
		t.Fatal(len(mem), ok)
	}
	v := reflect.ValueOf(&to).Elem()
	for _, n := range []int{4, 12} { // it grows and keeps what it has
		room, err := typ.Room(v, n)
		if err != nil || len(room) != n {
			t.Fatal(len(room), err)
		}
		copy(room, mem[:n])
	}
	if !reflect.DeepEqual(from, to) {
		t.Error(to)
	}
	if _, err := typ.Room(v, 3); err == nil {
		t.Error("three bytes are no uint32")
	}
	for _, other := range []reflect.Type{reflect.TypeFor[[]bool](), reflect.TypeFor[[]string](), reflect.TypeFor[int](), reflect.TypeFor[[3]int]()} {
		typ, err := TypeOf(other)
		if err != nil || typ.Elem() != 0 {
			t.Error(other, err)
		}
	}
}

// rider counts its calls of Sent and Kept.
type rider struct{ sent, kept int }

func (r *rider) Sent() { r.sent++ }
func (r *rider) Kept() { r.kept++ }

func TestPassengers(t *testing.T) {
	var b Buffer
	var one, two, three rider
	for _, r := range []*rider{&one, &two, &three} {
		b.Files = append(b.Files, os.Stdin)
		b.Board(r)
	}
	b.Truncate(0, 2)
	if three != (rider{0, 1}) || two != (rider{}) || !b.Boarded() {
		t.Error(one, two, three)
	}
	moved := b.Transfer()
	b.Reset()
	if b.Boarded() || one != (rider{}) {
		t.Error("those that were transferred have stayed", one)
	}
	moved.Sent()
	moved.Reset()
	if one != (rider{1, 0}) || two != (rider{1, 0}) {
		t.Error(one, two)
	}
	var again Buffer
	again.Files = append(again.Files, os.Stdin)
	again.Board(&three)
	again.Reset()
	if three != (rider{0, 2}) {
		t.Error(three)
	}
}
