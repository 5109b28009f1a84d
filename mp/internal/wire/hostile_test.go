package wire

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/big"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

func undecodable[T any](t *testing.T, data, want string) {
	t.Helper()
	var v T
	if err := mustCompile[T](t).Decode([]byte(data), nil, &v); err == nil {
		t.Errorf("%x decoded to %v; want %q", data, v, want)
	} else if err.Error() != want {
		t.Errorf("\n got %s\nwant %s", err, want)
	}
}

// inside holds a value that travels without a header when it is alone.
type inside[T any] struct{ V T }

func TestHostile(t *testing.T) {
	type Job struct {
		Items []Base
		Data  []float32
	}
	const twelve = "\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01"
	undecodable[Job](t, "\x92\xdd\xff\xff\xff\xff"+twelve, "decode Job.Items: length 4294967295 exceeds the 12 bytes that are left")
	undecodable[Job](t, "\x92\xdd\x80\x00\x00\x00"+twelve, "decode Job.Items: length 2147483648 exceeds the 12 bytes that are left")
	undecodable[Job](t, "\x92\xdd\x00\x00\x00\x07"+twelve, "decode Job.Items: length 7 needs at least 14 bytes and 12 are left")
	undecodable[Job](t, "\x92\xc0\xc6\xff\xff\xff\xff"+twelve, "decode Job.Data: length 4294967295 exceeds the 12 bytes that are left")
	undecodable[Job](t, "\x92\xc0\xc4\x03\x01\x02\x03", "decode Job.Data: 3 bytes do not divide into elements of 4")
	undecodable[Job](t, "\x93\xc0\xc0\xc0", "decode Job: found 3 fields instead of 2")
	undecodable[Job](t, "\x92\xa1x\xc0", "decode Job.Items: found code 0xa1 instead of an array")
	undecodable[Job](t, "\x92\xc0\xc0\xc0", "decode Job: 1 bytes are left over")
	undecodable[Job](t, "\x92\xc0", "decode Job: length 2 exceeds the 1 bytes that are left")
	undecodable[Job](t, "\xc0", "decode Job: found code 0xc0 instead of an array")
	undecodable[[][1 << 16][1 << 16]struct{}](t, "\x92\x91\x90", "decode [][65536][65536]struct {}: length 2 needs at least 2147483646 bytes and 2 are left")
	undecodable[map[string]int](t, "\xdf\xff\xff\xff\xff"+twelve, "decode map[string]int: length 4294967295 exceeds the 12 bytes that are left")
	undecodable[map[string]int](t, "\x82\xa1a\x01\xa1a\x02", "decode map[string]int: two entries have the same key")
	undecodable[map[int64]int64](t, "\x81\x01\x01\x00\x00\x01", "decode map[int64]int64: padding is not zero")
	undecodable[map[int64]int64](t, "\x81\x01\x01", "decode map[int64]int64: unexpected EOF")
	undecodable[map[string]int8](t, "\x81\xa1k\xd1\x01\x00\x00\x00\x00", "decode map[string]int8[\"k\"]: 256 does not fit in int8")
	undecodable[inside[string]](t, "\x91\xdb\xff\xff\xff\xff", "decode inside[string].V: length 4294967295 exceeds the 0 bytes that are left")
	undecodable[inside[string]](t, "\x91\xc0", "decode inside[string].V: found code 0xc0 instead of a string")
	undecodable[inside[int]](t, "\x91\xc0", "decode inside[int].V: found code 0xc0 instead of an integer")
	undecodable[inside[int64]](t, "\x91\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "decode inside[int64].V: 18446744073709551615 does not fit in int64")
	undecodable[inside[int32]](t, "\x91\xce\x80\x00\x00\x00", "decode inside[int32].V: 2147483648 does not fit in int32")
	undecodable[inside[uint8]](t, "\x91\xcd\x01\x00", "decode inside[uint8].V: 256 does not fit in uint8")
	undecodable[inside[uint]](t, "\x91\xff", "decode inside[uint].V: found code 0xff instead of an unsigned integer")
	undecodable[bool](t, "\xc0", "decode bool: found code 0xc0 instead of a bool")
	undecodable[inside[float32]](t, "\x91\x01", "decode inside[float32].V: found code 0x01 instead of a float32")
	undecodable[inside[float64]](t, "\x91\xca\x00\x00\x00\x00", "decode inside[float64].V: found code 0xca instead of a float64")
	undecodable[int64](t, "\x01", "decode int64: found 1 bytes instead of 8")
	undecodable[float32](t, "", "decode float32: found 0 bytes instead of 4")
	undecodable[[]bool](t, "\xc4\x02\x01\x02", "decode []bool[1]: 0x02 is not a bool")
	undecodable[[2]bool](t, "\xc4\x02\x01\x02", "decode [2]bool[1]: 0x02 is not a bool")
	undecodable[[2]int16](t, "\xc4\x02\x01\x02", "decode [2]int16: found 2 bytes instead of 4")
	undecodable[[2]string](t, "\x91\xa0", "decode [2]string: found 1 elements instead of 2")
	undecodable[[]string](t, "\xce\xff\xff\xff\xff\xc4\x00\xc4\x00", "decode []string: the lengths of the strings do not add up")
	undecodable[[]string](t, "\x01\xc4\x01\x02\xc4\x01x", "decode []string[0]: the lengths of the strings do not add up")
	undecodable[[]string](t, "\x01\xc4\x01\x01\xc4\x02xy", "decode []string: the lengths of the strings do not add up")
	undecodable[[]string](t, "\x01\xc4\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\xc4\x02xy", "decode []string[0]: the lengths of the strings do not add up")
	undecodable[**int](t, "\x92\x01\x01", "decode **int: found 2 values behind a pointer instead of 1")
	undecodable[time.Time](t, "\xd6\xff\x00", "decode Time: length 4 exceeds the 1 bytes that are left")
	undecodable[time.Time](t, "\xd5\xff\x00\x00", "decode Time: found a time of 2 bytes")
	undecodable[time.Time](t, "\xd7\xff\xff\xff\xff\xff\xff\xff\xff\xff", "decode Time: found a time with more than a second of nanoseconds")
	undecodable[time.Time](t, "\x92\x01\x01", "decode Time: found code 0x92 instead of a time")
	undecodable[any](t, "\x7f\x00", "decode any: type number 127 is not one that an any can carry")
	undecodable[error](t, "\x94\xa0\xa0\xc0", "decode error: length 4 exceeds the 3 bytes that are left")
	undecodable[big.Int](t, "\xc6\x00\x01\x00\x00", "decode Int: length 65536 exceeds the 0 bytes that are left")
	undecodable[big.Int](t, "\xc4\x01x", "decode Int: UnmarshalText of big.Int: math/big: cannot unmarshal \"x\" into a *big.Int")
}

func TestCycle(t *testing.T) {
	type Job struct{ First *Node }
	n := &Node{}
	n.Next = n
	b := &Buffer{Data: []byte("x")}
	const want = "encode Job.First.Next…: nested deeper than 10000 levels (a cycle?)"
	if err := mustCompile[Job](t).Encode(b, &Job{n}); err == nil || err.Error() != want || len(b.Data) != 1 {
		t.Errorf("got %v, %d bytes", err, len(b.Data))
	}
	a := []any{nil}
	a[0] = a
	if err := mustCompile[[]any](t).Encode(b, &a); err == nil || err.Error() != "encode []any[0][0]…: nested deeper than 10000 levels (a cycle?)" {
		t.Error(err)
	}
	type M map[string]M
	mm := M{}
	mm["m"] = mm
	if err := mustCompile[M](t).Encode(b, &mm); err == nil || !strings.Contains(err.Error(), "encode M[\"m\"][\"m\"]…: nested") {
		t.Error(err)
	}
}

func TestDepth(t *testing.T) {
	var n *Node
	for i := range maxDepth {
		n = &Node{i, n}
	}
	got := transfer(t, Node{Next: n}.Next)
	for i := maxDepth - 1; got != nil; got, i = got.Next, i-1 {
		if got.Value != i {
			t.Fatal("wrong list")
		}
	}
	n = &Node{0, n}
	if err := mustCompile[*Node](t).Encode(new(Buffer), &n); err == nil {
		t.Error("one level too many was encoded")
	}
	deep := strings.Repeat("\x92\x00", 1<<20)
	undecodable[*Node](t, deep, "decode Node.Next.Next…: nested deeper than 10000 levels")
	type S []S
	undecodable[S](t, strings.Repeat("\x91", 1<<20), "decode S[0][0]…: nested deeper than 10000 levels")
	undecodable[any](t, strings.Repeat("\x1a\x91", 1<<20), "decode any[0][0]…: nested deeper than 10000 levels")
	type P *P
	undecodable[P](t, strings.Repeat("\x91", 1<<20), "decode P: nested deeper than 10000 levels")
}

func TestLengthLimit(t *testing.T) {
	n := uint64(1) << 32
	if uint64(int(n)) != n {
		t.Skip("int is too small")
	}
	v := make([]struct{}, int(n))
	if err := mustCompile[[]struct{}](t).Encode(new(Buffer), &v); err == nil || err.Error() != "encode []struct {}: length 4294967296 exceeds the limit of 4294967295" {
		t.Error(err)
	}
}

// Decode uses memory at most in proportion to its input, even for the worst input of each type, valid or not.
func TestMemoryBound(t *testing.T) {
	const n = 1 << 16
	list := func(elem string) string { return fmt.Sprintf("\xdd\x00\x01\x00\x00%s", strings.Repeat(elem, n)) }
	huge := "\xdd\xff\xff\xff\xff" + strings.Repeat("\x90", n)
	amplifies[[]any](t, list("\xc0"))
	amplifies[[]any](t, list("\x1b\x80"))
	amplifies[[]any](t, list("\x1b\x81\xa0\xc0"+strings.Repeat("\x00", mapFloor(reflect.TypeFor[string](), reflect.TypeFor[any]())-2)))
	amplifies[[]any](t, list("\x1a\x90"))
	amplifies[[]any](t, list("\x1a\x91\xc0"))
	amplifies[[]any](t, list("\x11\xc4\x00"))
	amplifies[[]any](t, list("\x0e\xd6\xff\x00\x00\x00\x00"))
	amplifies[[]any](t, huge)
	amplifies[any](t, strings.Repeat("\x1b\xdf\x00\x00\x40\x00\xa0", 1000)+strings.Repeat("\xff", n)) // each level claims the rest
	amplifies[any](t, strings.Repeat("\x1a\xdd\x00\x00\x80\x00", 1000)+strings.Repeat("\xff", n))
	amplifies[[][]int](t, list("\xc0"))
	amplifies[[][]int](t, list("\xc4\x00"))
	amplifies[[][]byte](t, list("\xc4\x01x"))
	amplifies[[][]string](t, list("\x00\xc4\x00\xc4\x00"))
	amplifies[[][]string](t, list("\x01\xc4\x01\x00\xc4\x00"))
	amplifies[[]error](t, list("\x94\xa0\xa0\xc0\x00"))
	amplifies[[]*Node](t, list("\x92\x00\xc0"))
	amplifies[[]Tree](t, list("\x93\xa0\xc0\xc0"))
	amplifies[[]map[uint8]uint8](t, list("\x80"))
	amplifies[[]map[uint8]uint8](t, list("\x81\x00\x00"))
	floor := mapFloor(reflect.TypeFor[int](), reflect.TypeFor[[5][]int]())
	amplifies[[]map[int][5][]int](t, list("\x81\x00\x95\xc0\xc0\xc0\xc0\xc0"+strings.Repeat("\x00", floor-7)))
	amplifies[[]**int](t, list("\x91\x01"))
	amplifies[[]*inside[[2]*uint8]](t, list("\x91\x92\x01\x01")) // not a byte more than is claimed
	amplifies[[]*[]*uint8](t, list("\x91\x91\x01"))
	amplifies[[]struct{}](t, list("\x90"))
	entries := []byte("\xdf\x00\x01\x00\x00")
	for i := range n {
		entries = append(entries, 0xcd, byte(i>>8), byte(i), 0x80)
	}
	amplifies[map[int]map[int]any](t, string(entries))
	amplifies[[]string](t, "\xce\xff\xff\xff\xff\xc6\xff\xff\xff\xff"+huge)
	amplifies[[][100]int64](t, huge)
	amplifies[[]struct {
		X [1 << 16]byte `msgpack:"-"`
	}](t, huge[:200])
	amplifies[[]big.Int](t, list("\xc4\x010"))
	amplifies[[]marshaler](t, list("\xc4\x01\xa0"))
	nested := func(head string, key, elem reflect.Type, least int) string { // maps of one entry in each other
		const levels = 9000
		return strings.Repeat(head, levels) + "\xc0" + strings.Repeat("\x00", levels*padding(1, least, mapFloor(key, elem)))
	}
	amplifies[nest](t, nested("\x81\x00", reflect.TypeFor[uint8](), reflect.TypeFor[nest](), 2))
	amplifies[ledger](t, nested("\x81\x00\x95\xc0\xc0\xc0\xc0", reflect.TypeFor[uint8](), reflect.TypeFor[account](), 7))
	amplifies[any](t, nested("\x1b\x81\xa0", reflect.TypeFor[string](), reflect.TypeFor[any](), 2))
	rest := strings.Repeat("\xff", n) // each level has room for what it must have, and claims it
	amplifies[*link](t, strings.Repeat("\x92", 5000)+rest)
	amplifies[tree](t, strings.Repeat("\x92\xdd\x00\x00\x00\x10", 1000)+rest)
	amplifies[tree](t, strings.Repeat("\x92\x91", 5000)+rest)
	amplifies[atlas](t, strings.Repeat("\x81\x00\x92", 3000)+rest)
}

// Recursive types whose values are small on the wire.
type (
	nest    map[uint8]nest
	account struct {
		A, B, C, D []byte
		Sub        ledger
	}
	ledger map[uint8]account
)

// Recursive types whose values are large, on the wire too.
type (
	link struct {
		Next *link
		A    [1 << 10]int64
	}
	tree struct {
		Kids []tree
		A    [1 << 10]int64
	}
	page struct {
		Pages atlas
		A     [1 << 10]int64
	}
	atlas map[int16]page
)

// Of values that take as few bytes as they can, each byte is claimed once, except
// the first byte of the outermost value.
func TestClaims(t *testing.T) {
	one := int8(1)
	claims(t, []*[2]*int8{{&one, &one}, {nil, &one}})
	claims(t, []*[]*int8{{&one}, {nil, nil}, nil})
	claims(t, []*map[int8]*struct {
		A [2]int8
		P **int8
	}{{1: {}}})
	n := nest{1: {2: {3: nil}}}
	p := &n
	claims(t, []**nest{&p, nil})
	claims(t, map[int8][]map[int8]struct{ P *int8 }{1: {{1: {}, 2: {}}, {}}})
	claims(t, []any{nil, nil})
	claims(t, []Tree{{"", []Tree{{}}, map[string]*Tree{"": {}}}})
}

func claims[T any](t *testing.T, v T) {
	t.Helper()
	var b Buffer
	c := mustCompile[T](t)
	if err := c.Encode(&b, &v); err != nil {
		t.Fatal(err)
	}
	d := newDecoder(b.Data, nil)
	defer d.release()
	var out T
	if err := c.decode(d, &out); err != nil || d.unclaimed != 1 {
		t.Errorf("%T: %d of %d bytes are not claimed (%v)", v, d.unclaimed, len(b.Data), err)
	}
}

// tagged has a codec of its own of the msgpack sort.
type tagged struct{ x map[string]any }

func amplifies[T any](t *testing.T, data string) {
	t.Helper()
	c, in := mustCompile[T](t), []byte(data)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var v T
	err := c.Decode(in, nil, &v)
	runtime.ReadMemStats(&after)
	used := after.TotalAlloc - before.TotalAlloc
	if err != nil && !strings.Contains(data, "\xff\xff\xff\xff") {
		t.Errorf("%T: %v", v, err)
	}
	if limit := uint64(64*len(in) + 64<<10); used > limit {
		t.Errorf("%T %s…: %d bytes for %d of input, %d times (%v)", v, hex.EncodeToString(in[:min(12, len(in))]), used, len(in), used/uint64(len(in)), err)
	}
	runtime.KeepAlive(v)
}

func TestScan(t *testing.T) {
	for _, ok := range []string{"", "\x01\x02", "\x92\x01\x90", "\x81\xa1x\xdc\x00\x01\xc0", "\xc7\x01\x05x", "\xcb12345678", strings.Repeat("\x91", maxDepth-1) + "\x90"} {
		if traps, err := scan([]byte(ok)); err != nil || traps != nil {
			t.Errorf("%x: %v %v", ok, traps, err)
		}
	}
	for _, no := range []string{
		"\xc1", "\x92\x01", "\xa2x", "\xdd\xff\xff\xff\xff", "\xdf\xff\xff\xff\xff", "\xdf\x80\x00\x00\x00", "\xdc\x00", "\xc6\xff\xff\xff\xff",
		"\xc9\xff\xff\xff\xff\x00", "\xd8\x00\x00", "\xcb1234567", "\x81\x01", strings.Repeat("\x91", maxDepth+1) + "\x01", strings.Repeat("\x91", 1<<20),
	} {
		if _, err := scan([]byte(no)); err == nil {
			t.Errorf("%.20x was taken", no)
		}
	}
	for _, ext := range []string{"\xd6\xff\xdf\xff\xff\xff", "\xd7\xff\xdf\xff\xff\xff\xff123", "\xc7\x0c\xff\xdf\xff\xff\xff1234567z"} {
		if traps, err := scan([]byte("\x91" + ext)); err != nil || len(traps) != 1 {
			t.Errorf("%x: %v %v", ext, traps, err)
		}
	}
}

func TestBufferWrites(t *testing.T) {
	var b Buffer
	fmt.Fprint(&b, "ab")
	_ = b.WriteByte('c')
	if !bytes.Equal(b.Data, []byte("abc")) {
		t.Errorf("got %q", b.Data)
	}
	b.Files = append(b.Files, openNull(t))
	if b.Reset(); len(b.Data) != 0 || cap(b.Data) == 0 || len(b.Files) != 0 || b.Files[:1][0] != nil {
		t.Error("Reset keeps too much or too little")
	}
}

// Decode of a number fails if files came with it, and the files stay the caller's.
func TestFilesWithANumber(t *testing.T) {
	c := mustCompile[int](t)
	var b Buffer
	one := 1
	if err := c.Encode(&b, &one); err != nil {
		t.Fatal(err)
	}
	var v int
	if err := c.Decode(b.Data, []*os.File{os.Stdin}, &v); err == nil {
		t.Error("a number was decoded with a file")
	}
	if err := c.Decode(b.Data, nil, &v); err != nil || v != 1 {
		t.Error(v, err)
	}
}
