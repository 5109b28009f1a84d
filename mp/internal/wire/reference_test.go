package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// common is memory that both ends have: segments, the last of which is filled
// from the front.
type common struct {
	segments [][]byte
	off      int
	least    int // place refuses shorter slices, in bytes
}

func newCommon(sizes ...int) *common {
	c := new(common)
	for _, size := range sizes {
		// Aligned for everything, as mappings are.
		c.segments = append(c.segments, memory(make([]uint64, size/8)))
	}
	return c
}

func (c *common) place(p []byte) (Ref, bool) {
	last := len(c.segments) - 1
	c.off = (c.off + 7) &^ 7
	if len(p) < c.least || len(p) > len(c.segments[last])-c.off {
		return Ref{}, false
	}
	copy(c.segments[last][c.off:], p)
	r := Ref{uint32(last), uint64(c.off), uint32(len(p))}
	c.off += len(p)
	return r, true
}

func (c *common) resolve(r Ref) ([]byte, error) {
	if uint64(r.Segment) >= uint64(len(c.segments)) {
		return nil, errors.New("no such segment")
	}
	s := c.segments[r.Segment]
	if r.Offset > uint64(len(s)) || uint64(r.Length) > uint64(len(s))-r.Offset {
		return nil, errors.New("outside of its segment")
	}
	return s[r.Offset:][:r.Length], nil
}

// batch has slices of numbers wherever they can be.
type batch struct {
	Pixels []float32
	Labels []int64
	Inner  struct{ Raw []byte }
	Rows   [][]uint16
	Named  map[string][]float64
	To     *[]int8
	Any    any
	Mine   []level
	Bools  []bool
	Names  []string
	Empty  []int
	Nil    []uint
}

type level int32

func newBatch() batch {
	v := batch{
		Pixels: []float32{1, 2, 3}, Labels: []int64{4, -5}, Rows: [][]uint16{{1}, nil, {2, 3}}, Named: map[string][]float64{"a": {0.5}},
		To: &[]int8{-1}, Any: []any{[]uint32{7}, "x"}, Mine: []level{9}, Bools: []bool{true}, Names: []string{"n"}, Empty: []int{},
	}
	v.Inner.Raw = []byte("raw")
	return v
}

// extent is the memory of a slice, and how much more its capacity takes.
type extent struct {
	memory []byte
	beyond int
}

func extentOf[N number](s []N) extent { return extent{memory(s), cap(s) - len(s)} }

// extents returns the extents of the slices of numbers in v that are not empty.
func (v *batch) extents() []extent {
	all := []extent{
		extentOf(v.Pixels), extentOf(v.Labels), extentOf(v.Inner.Raw), extentOf(v.Mine), extentOf(v.Empty), extentOf(v.Nil),
	}
	for _, row := range v.Rows {
		all = append(all, extentOf(row))
	}
	for _, named := range v.Named {
		all = append(all, extentOf(named))
	}
	if v.To != nil {
		all = append(all, extentOf(*v.To))
	}
	return slices.DeleteFunc(all, func(e extent) bool { return len(e.memory) == 0 })
}

// has reports whether p lies in the memory.
func (c *common) has(p []byte) bool {
	return slices.ContainsFunc(c.segments, func(s []byte) bool {
		for i := range s {
			if &s[i] == &p[0] {
				return len(p) <= len(s)-i
			}
		}
		return false
	})
}

func encodePlaced[T any](t *testing.T, v *T, place func([]byte) (Ref, bool)) []byte {
	t.Helper()
	b := &Buffer{Place: place}
	if err := mustCompile[T](t).Encode(b, v); err != nil {
		t.Fatal(err)
	}
	return b.Data
}

func TestReferences(t *testing.T) {
	c := newCommon(64, 256)
	v := newBatch()
	data := encodePlaced(t, &v, c.place)
	var got batch
	if err := mustCompile[batch](t).DecodeShared(data, nil, c.resolve, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, v) {
		t.Errorf("\n got %+v\nwant %+v", got, v)
	}
	all := got.extents()
	for _, e := range all {
		if !c.has(e.memory) || e.beyond != 0 {
			t.Errorf("%x is a copy, or has room for %d more", e.memory, e.beyond)
		}
	}
	if len(all) != 8 {
		t.Errorf("%d slices were looked at", len(all))
	}
	clear(c.segments[1])
	if !got.Bools[0] {
		t.Error("a bool was in memory in common")
	}
}

// The encoding with a Place that has no room is the same as without one.
func TestReferencesNone(t *testing.T) {
	v := newBatch()
	plain := encodePlaced(t, &v, nil)
	if full := encodePlaced(t, &v, func([]byte) (Ref, bool) { return Ref{}, false }); !bytes.Equal(plain, full) {
		t.Errorf("\n got %x\nwant %x", full, plain)
	}
	var got batch
	if err := mustCompile[batch](t).DecodeShared(plain, nil, newCommon().resolve, &got); err != nil || !reflect.DeepEqual(got, v) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// Large slices become references, small ones do not.
func TestReferencesSome(t *testing.T) {
	c := newCommon(64)
	c.least = 8
	v := [][]int16{{1, 2, 3}, {4, 5, 6, 7}, {8}}
	const want = "\x93\xc4\x06\x01\x00\x02\x00\x03\x00\xd8\x4e\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x08\xc4\x02\x08\x00"
	data := encodePlaced(t, &v, c.place)
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 && string(data) != want {
		t.Errorf("\n got %x\nwant %x", data, want)
	}
	var got [][]int16
	if err := mustCompile[[][]int16](t).DecodeShared(data, nil, c.resolve, &got); err != nil || !reflect.DeepEqual(got, v) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestReferencesOfFailedEncode(t *testing.T) {
	v := struct {
		Pixels []byte
		X      any
	}{[]byte("pixels"), make(chan int)}
	b := &Buffer{Data: []byte("x"), Place: newCommon(64).place}
	c, err := Compile[struct {
		Pixels []byte
		X      any
	}]()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Encode(b, &v); err == nil || string(b.Data) != "x" {
		t.Errorf("got %v, %q", err, b.Data)
	}
}

func reference(segment uint32, offset uint64, length uint32) string {
	return fmt.Sprintf("\xd8\x4e%s", binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(nil, segment), offset), length))
}

func TestHostileReferences(t *testing.T) {
	type Job struct{ Data []float32 }
	c := mustCompile[Job](t)
	shared := newCommon(64)
	for _, x := range []struct{ data, want string }{
		{reference(1, 0, 4), "no such segment"},
		{reference(1<<32-1, 0, 4), "no such segment"},
		{reference(0, 0, 68), "outside of its segment"},
		{reference(0, 64, 4), "outside of its segment"},
		{reference(0, 1<<32, 4), "outside of its segment"},
		{reference(0, 1<<64-4, 4), "outside of its segment"},
		{reference(0, 1<<63, 1<<32-4), "outside of its segment"},
		{reference(0, 0, 0), "found a reference to no memory"},
		{reference(0, 0, 6), "6 bytes do not divide into elements of 4"},
		{reference(0, 0, 1<<32-1), "4294967295 bytes do not divide into elements of 4"},
		{reference(0, 2, 4), "elements of 4 bytes cannot begin at offset 2"},
		{reference(0, 0, 4)[:17], "length 18 exceeds the 17 bytes that are left"},
		{"\xd8\x4d" + reference(0, 0, 4)[2:], "found ext type 77 instead of a reference to memory"},
		{"\xc7\x10\x4e" + reference(0, 0, 4)[2:], "found code 0xc7 instead of bytes"},
	} {
		var v Job
		err := c.DecodeShared([]byte("\x91"+x.data), nil, shared.resolve, &v)
		if want := "decode Job.Data: " + x.want; err == nil || err.Error() != want {
			t.Errorf("%x\n got %v\nwant %s", x.data, err, want)
		}
	}
	const none = "found a reference to memory in common, of which this message has none"
	undecodable[Job](t, "\x91"+reference(0, 0, 4), "decode Job.Data: "+none)
	undecodable[Job](t, "\x91\xd8", "decode Job.Data: "+none)
	undecodable[any](t, "\x12"+reference(0, 0, 8), "decode any: "+none)
	undecodable[any](t, reference(0, 0, 8), "decode any: found code 0xd8 instead of an any, which cannot carry files")
	undecodable[[]bool](t, reference(0, 0, 8), "decode []bool: found code 0xd8 instead of bytes")
	undecodable[[2]float32](t, reference(0, 0, 8), "decode [2]float32: found code 0xd8 instead of bytes")
	undecodable[[]string](t, reference(0, 0, 8), "decode []string: found code 0xd8 instead of an unsigned integer")
}

// A decoder that the next message uses does not resolve references in the memory of the message before.
func TestReferencesForget(t *testing.T) {
	type Job struct{ Data []byte }
	c, shared := mustCompile[Job](t), newCommon(64)
	for range 100 {
		var v Job
		if err := c.DecodeShared([]byte("\x91"+reference(0, 0, 4)), nil, shared.resolve, &v); err != nil {
			t.Fatal(err)
		}
		if err := c.Decode([]byte("\x91"+reference(0, 0, 4)), nil, &v); err == nil {
			t.Fatal("another message's memory was found")
		}
	}
}

func FuzzReferences(f *testing.F) {
	c := mustCompile[batch](f)
	v := newBatch()
	shared := newCommon(64, 256)
	b := &Buffer{Place: shared.place}
	if err := c.Encode(b, &v); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Data)
	f.Add([]byte(strings.Replace(string(b.Data), "\x00\x00\x00\x01", "\x00\x00\x00\x00", 1)))
	for i := range shared.segments {
		for j := range shared.segments[i] {
			shared.segments[i][j] = byte(j)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var lent [][]byte
		var v batch
		err := c.DecodeShared(data, nil, func(r Ref) ([]byte, error) {
			p, err := shared.resolve(r)
			lent = append(lent, p)
			return p, err
		}, &v)
		if err != nil {
			return
		}
		for _, e := range v.extents() {
			own := !slices.ContainsFunc(lent, func(l []byte) bool { return &l[0] == &e.memory[0] })
			if e.beyond != 0 || !own && !shared.has(e.memory) {
				t.Fatalf("%x goes beyond its memory", e.memory)
			}
		}
	})
}

// A value that consists of bytes only can be a reference, too.
func TestReferenceAlone(t *testing.T) {
	codec, err := Compile[[]byte]()
	if err != nil {
		t.Fatal(err)
	}
	shared := newCommon(4096)
	want := bytes.Repeat([]byte{7}, 4096)
	b := &Buffer{Place: shared.place}
	if err := codec.Encode(b, &want); err != nil {
		t.Fatal(err)
	}
	if len(b.Data) > 100 {
		t.Errorf("%d bytes were sent", len(b.Data))
	}
	var got []byte
	if err := codec.DecodeShared(b.Data, nil, shared.resolve, &got); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
}
