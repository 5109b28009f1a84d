package dataloader

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
)

func newSegments(t testing.TB, sizes ...int) (all []*sharedmem.SharedMemory) {
	t.Helper()
	for _, size := range sizes {
		m, err := sharedmem.New(size)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

// adopted returns loans with one slab, which has come back with segments of these sizes.
func adopted(t testing.TB, sizes ...int) *loans {
	t.Helper()
	l := newLoans(1)
	l.lend()
	if err := l.adopt(0, slabNews{Fresh: newSegments(t, sizes...)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.giveBack(0); l.end() })
	return l
}

// A reply that says something impossible of a slab is refused, and its segments are closed.
func TestHostileNews(t *testing.T) {
	leak.Check(t)
	l := newLoans(1)
	for _, x := range []struct {
		news slabNews
		want string
	}{
		{slabNews{Fresh: append(newSegments(t, 64), nil)}, "a worker sent 2 segments for a slab of 0"},
		{slabNews{Fresh: newSegments(t, slices.Repeat([]int{1}, mostSegments+1)...)}, "a worker sent 65 segments for a slab of 0"},
	} {
		l.lend()
		if err := l.adopt(0, x.news); err == nil || err.Error() != x.want {
			t.Errorf("\n got %v\nwant %s", err, x.want)
		}
		if n := slices.IndexFunc(x.news.Fresh, func(m *sharedmem.SharedMemory) bool {
			return m != nil && !strings.Contains(m.String(), "closed")
		}); n >= 0 {
			t.Errorf("segment %d is kept", n)
		}
	}
	if err := l.adopt(0, slabNews{Fresh: newSegments(t, 64), Retire: true}); err != nil {
		t.Error(err)
	}
	const twice = "a worker sent a batch in a slab that it does not have"
	if err := l.adopt(0, slabNews{Fresh: newSegments(t, 64)}); err == nil || err.Error() != twice {
		t.Errorf("\n got %v\nwant %s", err, twice)
	}
	l.giveBack(0)
	if n := l.held(); n != 0 {
		t.Errorf("%d bytes are kept of a slab that was retired", n)
	}
	if err := l.adopt(0, slabNews{}); err == nil || err.Error() != twice {
		t.Errorf("\n got %v\nwant %s", err, twice)
	}
	for _, i := range []int{-1, 1, math.MaxInt} {
		if err := l.decline(slabNews{Slab: i, Fresh: newSegments(t, 64)}); err == nil || err.Error() != fmt.Sprintf("a worker told of slab %d of 1", i) {
			t.Error(err)
		}
	}
	l.end()
	if err := l.decline(slabNews{Fresh: newSegments(t, 64)}); !errors.Is(err, mp.ErrClosed) {
		t.Error(err)
	}
	if err := l.adopt(0, slabNews{Fresh: newSegments(t, 64)}); !errors.Is(err, mp.ErrClosed) {
		t.Error(err)
	}
}

// refs are references into a slab. Each is a segment, an offset and a length.
type refs [][3]uint64

// list encodes a list of byte slices, one for each reference.
func (r refs) list(t testing.TB) []byte {
	t.Helper()
	v := make([][]byte, len(r))
	b := wire.Buffer{Place: func([]byte) (wire.Ref, bool) {
		at := r[0]
		r = r[1:]
		return wire.Ref{Segment: uint32(at[0]), Offset: at[1], Length: uint32(at[2])}, true
	}}
	for i := range v {
		v[i] = []byte{1}
	}
	if err := byteLists(t).Encode(&b, &v); err != nil {
		t.Fatal(err)
	}
	return b.Data
}

func byteLists(t testing.TB) *wire.Codec[[][]byte] {
	t.Helper()
	c, err := wire.Compile[[][]byte]()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A late reply that retires a slab does not unmap the slab while a view of a batch in it is in use.
func TestHostileDecline(t *testing.T) {
	leak.Check(t)
	l := adopted(t, 64)
	view, err := readBatch(l, 0, byteLists(t), refs{{0, 0, 64}}.list(t), nil, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.decline(slabNews{Fresh: newSegments(t, 64), Retire: true}); err != nil {
		t.Error(err)
	}
	clear(view[0])
	l.giveBack(0)
	if n := l.held(); n != 0 {
		t.Errorf("%d bytes are kept", n)
	}
}

// References that lead out of the slab are refused. So are references that overlap: a small message must not become much memory.
func TestHostileReferences(t *testing.T) {
	leak.Check(t)
	l := adopted(t, 64, 100_000)
	for _, x := range []struct {
		refs
		want string
	}{
		{refs{{2, 0, 1}}, "decode [][]uint8[0]: found a reference to segment 2 of a slab of 2"},
		{refs{{1<<32 - 1, 0, 1}}, "decode [][]uint8[0]: found a reference to segment 4294967295 of a slab of 2"},
		{refs{{0, 0, 65}}, "decode [][]uint8[0]: found a reference to 65 bytes at offset 0 of a segment of 64"},
		{refs{{0, 64, 1}}, "decode [][]uint8[0]: found a reference to 1 bytes at offset 64 of a segment of 64"},
		{refs{{0, 1 << 32, 1}}, "decode [][]uint8[0]: found a reference to 1 bytes at offset 4294967296 of a segment of 64"},
		{refs{{0, 1<<64 - 1, 2}}, "decode [][]uint8[0]: found a reference to 2 bytes at offset 18446744073709551615 of a segment of 64"},
		{refs{{0, 1, 1<<32 - 1}}, "decode [][]uint8[0]: found a reference to 4294967295 bytes at offset 1 of a segment of 64"},
		{refs{{0, 0, 0}}, "decode [][]uint8[0]: found a reference to no memory"},
		{refs{{0, 10, 10}, {1, 0, 1}, {0, 0, 11}}, "found references to memory that overlaps"},
		{refs{{0, 0, 11}, {0, 10, 10}}, "found references to memory that overlaps"},
		{refs{{0, 0, 1}, {0, 0, 1}}, "found references to memory that overlaps"},
		{slices.Repeat(refs{{1, 0, 100_000}}, 1000), "decode [][]uint8[1]: found references to memory that overlaps"},
	} {
		for _, view := range []bool{false, true} {
			got, err := readBatch(l, 0, byteLists(t), x.list(t), nil, view)
			if err == nil || err.Error() != x.want {
				t.Errorf("%v\n got %v, %d slices\nwant %s", x.refs[0], err, len(got), x.want)
			}
		}
	}
	if got, err := readBatch(l, 0, byteLists(t), refs{{0, 11, 53}, {1, 99_999, 1}, {0, 0, 11}}.list(t), nil, true); err != nil || len(got[0]) != 53 {
		t.Error(err)
	}
}

// If poisons is set, as under MP_DEBUG, a view is overwritten when its slab is given back.
func TestPoison(t *testing.T) {
	leak.Check(t)
	for _, poisons := range []bool{false, true} {
		l := adopted(t, 4096, 64)
		l.poisons = poisons
		view, err := readBatch(l, 0, byteLists(t), refs{{0, 0, 4096}, {1, 5, 10}}.list(t), nil, true)
		if err != nil {
			t.Fatal(err)
		}
		l.giveBack(0)
		for _, s := range view {
			if poisoned := bytes.Equal(s, bytes.Repeat([]byte{0xDB}, len(s))); poisoned != poisons {
				t.Errorf("poisoned: %v", poisoned)
			}
		}
	}
}

func FuzzBatch(f *testing.F) {
	type batch struct {
		Pixels []float32
		Rows   [][]int64
		Named  map[string][]byte
		Any    any
	}
	c, err := wire.Compile[batch]()
	if err != nil {
		f.Fatal(err)
	}
	s := newSlabs(1)
	defer s.close()
	a := s.begin(0)
	ctx := withArena(context.Background(), a)
	out := wire.Buffer{Place: a.place}
	if err := c.Encode(&out, &batch{Alloc[float32](ctx, 9), [][]int64{{1}, Alloc[int64](ctx, 2)}, map[string][]byte{"a": make([]byte, 1<<12)}, Alloc[int](ctx, 1)}); err != nil {
		f.Fatal(err)
	}
	f.Add(out.Data)
	f.Add(bytes.ReplaceAll(out.Data, []byte{0x40}, []byte{0x44}))
	f.Add(binary.BigEndian.AppendUint32([]byte("\x94\xd8\x4e\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), 1<<31))
	l := adopted(f, 300, 1<<13)
	f.Fuzz(func(t *testing.T, data []byte) {
		copied, err := readBatch(l, 0, c, data, nil, false)
		view, errView := readBatch(l, 0, c, data, nil, true)
		if (err == nil) != (errView == nil) {
			t.Fatalf("%v as a copy, %v as a view", err, errView)
		}
		if err == nil && !slices.Equal(memoryOf(copied.Pixels), memoryOf(view.Pixels)) {
			t.Fatalf("%v as a copy, %v as a view", copied, view)
		}
	})
}

// memoryOf returns the bits of the floats. Two slices are compared by them, because a NaN does not equal itself.
func memoryOf(s []float32) (bits []uint32) {
	for _, f := range s {
		bits = append(bits, math.Float32bits(f))
	}
	return bits
}
