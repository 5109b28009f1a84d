package wire

import (
	"bytes"
	"math/big"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"
)

// fuzzed has a field of every sort.
type fuzzed struct {
	S     Scalars
	List  *Node
	Tree  Tree
	Any   any
	Err   error
	Time  time.Time
	Bools []bool
	Array [2][2]int16
	Strs  []string
	Maps  map[string][]map[uint8]string
	Big   *big.Int
	Addr  netip.Addr
	Own   tagged
	Ref   *fakeQueue
	Files []*os.File
	PP    **[]int
}

// decodeStable decodes data as a T. If that succeeds, the value must survive
// another trip. Encodings are compared, since values may hold NaNs, and only
// their lengths, since the entries of maps have no order.
func decodeStable[T any](t *testing.T, c *Codec[T], data []byte, files []*os.File) {
	var v, again T
	if c.Decode(data, files, &v) != nil {
		return
	}
	var first, second Buffer
	if err := c.Encode(&first, &v); err != nil {
		t.Fatalf("%T was decoded from %x but not encoded: %v", v, data, err)
	}
	if err := c.Decode(first.Data, first.Files, &again); err != nil {
		t.Fatalf("%T: %v", v, err)
	}
	if err := c.Encode(&second, &again); err != nil {
		t.Fatalf("%T: %v", v, err)
	}
	if len(first.Data) != len(second.Data) {
		t.Fatalf("%T is not stable:\n%x\n%x", v, first.Data, second.Data)
	}
}

func FuzzDecode(f *testing.F) {
	all := mustCompile[fuzzed](f)
	node, tree, floats := mustCompile[*Node](f), mustCompile[Tree](f), mustCompile[[]float32](f)
	strs, own, times := mustCompile[[]string](f), mustCompile[tagged](f), mustCompile[[]time.Time](f)
	errs, maps, arrays := mustCompile[error](f), mustCompile[map[int8]Pair[int, *string]](f), mustCompile[[3]bool](f)
	files := []*os.File{os.Stdin, os.Stdout}

	ints := &[]int{1, 2}
	v := fuzzed{
		List: &Node{1, &Node{}}, Tree: Tree{"x", []Tree{{}}, map[string]*Tree{"a": nil}}, Any: []any{1, "x", nil},
		Err: os.ErrNotExist, Time: time.Unix(1, 2), Bools: []bool{true}, Strs: []string{"a", "b"},
		Maps: map[string][]map[uint8]string{"m": {{1: "x"}, nil}}, Big: big.NewInt(5), Addr: netip.MustParseAddr("::1"),
		Own: tagged{map[string]any{"k": "v"}}, Ref: &fakeQueue{"q", os.Stdin}, Files: []*os.File{os.Stdout}, PP: &ints,
	}
	var b Buffer
	if err := all.Encode(&b, &v); err != nil {
		f.Fatal(err)
	}
	f.Add(bytes.Clone(b.Data))
	f.Add([]byte(strings.Repeat("\x92\x00", 20_000)))
	f.Add([]byte(strings.Repeat("\x93\xa0\x91", 20_000)))
	f.Add([]byte("\xdd\xff\xff\xff\xff\xc6\xff\xff\xff\xff\xdf\xff\xff\xff\xff"))
	f.Add([]byte("\x02\xc4\x02\x01\x01\xc4\x02ab"))
	f.Add([]byte("\xc4\x0a\xd7\xff\xdf\x80\x00\x00\x00123"))
	f.Add([]byte("\xc4\x06\x81\xa1k\xa3abc"))
	f.Fuzz(func(t *testing.T, data []byte) {
		decodeStable(t, all, data, files)
		decodeStable(t, all, data, nil)
		decodeStable(t, node, data, nil)
		decodeStable(t, tree, data, nil)
		decodeStable(t, floats, data, nil)
		decodeStable(t, strs, data, nil)
		decodeStable(t, times, data, nil)
		decodeStable(t, errs, data, nil)
		decodeStable(t, maps, data, nil)
		decodeStable(t, arrays, data, nil)
		_ = own.Decode(data, nil, new(tagged)) // msgpack widens ints, so never stable
	})
}

func FuzzAny(f *testing.F) {
	c := mustCompile[any](f)
	for _, v := range []any{nil, 1, "x", []any{1, map[string]any{"a": []int{1}}}, map[string]string{"a": "b"}, time.Unix(1, 2), []string{"a"}} {
		var b Buffer
		if err := c.Encode(&b, &v); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Data)
	}
	f.Add([]byte(strings.Repeat("\x1a\x91", 20_000)))
	f.Add([]byte(strings.Repeat("\x1b\x81\xa0", 20_000)))
	f.Add([]byte("\x1a\xdd\xff\xff\xff\xff"))
	f.Add([]byte("\xd6\x4d\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) { decodeStable(t, c, data, nil) })
}
