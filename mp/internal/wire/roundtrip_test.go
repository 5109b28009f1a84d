package wire

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestRoundTrip(t *testing.T) {
	for _, b := range []bool{true, false} {
		same(t, b)
	}
	for _, i := range []int64{0, 1, -1, -32, -33, 127, 128, -128, -129, 255, 256, 65535, 65536, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64} {
		same(t, i)
		same(t, int(i))
		same(t, int8(i))
		same(t, int16(i))
		same(t, int32(i))
		same(t, uint(i))
		same(t, uint8(i))
		same(t, uint16(i))
		same(t, uint32(i))
		same(t, uint64(i))
		same(t, time.Duration(i))
		same(t, any(i))
	}
	for _, f := range []float64{0, math.Copysign(0, -1), 1.5, math.Inf(1), math.MaxFloat64, math.SmallestNonzeroFloat64} {
		same(t, f)
		same(t, float32(f))
		same(t, myFloat(f))
	}
	for _, n := range []int{0, 1, 31, 32, 255, 256, 65535, 65536} {
		same(t, strings.Repeat("\xff", n))
		same(t, []byte(strings.Repeat("x", n)))
	}
	same(t, Scalars{true, -1, -2, -3, -4, -5, 1, 2, 3, 4, 5, 1.5, 2.5, "s", -7, time.Second})
	same(t, myString("x"))
	same(t, myBytes{1, 2})
	same(t, myInts{-1, 2})
	same(t, myMap{"a": 1})
	same(t, json.RawMessage(`{}`))
	same(t, []int{1, -2})
	same(t, []int16{1, -2})
	same(t, []uint16{1, 2})
	same(t, []float64{1, math.Inf(-1)})
	same(t, []time.Duration{1, 2})
	same(t, []bool{true, false})
	same(t, []string{"", "a", strings.Repeat("x", 300)})
	same(t, []myString{"a", "b"})
	same(t, [3]int32{1, 2, 3})
	same(t, [0]int32{})
	same(t, [2][2]float64{{1, 2}, {3, 4}})
	same(t, [2]bool{true, false})
	same(t, [2]string{"a", "b"})
	same(t, [20]struct{}{})
	same(t, struct{}{})
	same(t, []struct{}{{}, {}})
	same(t, []Pair[string, []int]{{"a", nil}, {"b", []int{1}}})
	same(t, map[string]int{"a": 1, "b": 2})
	same(t, map[string][]int{"a": {1, 2}, "b": {3}, "c": nil, "d": {4}})
	same(t, map[[2]int8]string{{1, 2}: "x"})
	same(t, map[Pair[int, string]]bool{{1, "a"}: true})
	same(t, map[string]map[int][]string{"a": {1: {"x"}}})
	same(t, map[uint8][200]byte{1: {2}})
	same(t, Pair[Pair[int, string], *Pair[bool, any]]{Pair[int, string]{1, "a"}, &Pair[bool, any]{true, 7}})
	same(t, Inner{Base: Base{1}, hidden: hidden{2}, Name: "n"})
	same(t, &Node{1, &Node{2, &Node{3, nil}}})
	same(t, Tree{"r", []Tree{{"c", nil, nil}}, map[string]*Tree{"x": {Name: "y"}, "z": nil}})
	same(t, struct{ P **int }{})
	same(t, []*struct{}{nil, {}})
	same(t, [1 << 16]struct{}{})
	same(t, make([]struct { // far larger in memory than on the wire
		A int
		B [1 << 12]int `msgpack:"-"`
	}, 300))
}

func TestNilIsNotEmpty(t *testing.T) {
	type all struct {
		Bytes   []byte
		Ints    []int
		Bools   []bool
		Strings []string
		Structs []Base
		Map     map[int]int
		Labels  map[string]string
		Any     map[string]any
		Anys    []any
		PP      **int
		PSlice  *[]int
		PMap    *map[string]int
		PAny    *any
	}
	same(t, all{})
	pnil, snil, mnil, anil := (*int)(nil), []int(nil), map[string]int(nil), any(nil)
	same(t, all{
		[]byte{},
		[]int{},
		[]bool{},
		[]string{},
		[]Base{},
		map[int]int{},
		map[string]string{},
		map[string]any{},
		[]any{},
		&pnil, &snil, &mnil, &anil,
	})
}

func TestNaN(t *testing.T) {
	f32, f64 := math.Float32frombits(0x7fa00001), math.Float64frombits(0x7ff4000000000001)
	type floats struct {
		A myFloat
		B float64
		C []float32
		D [1]float64
		E any
	}
	got := transfer(t, floats{myFloat(f32), f64, []float32{f32}, [1]float64{f64}, f64})
	for _, x := range []uint32{math.Float32bits(float32(got.A)), math.Float32bits(got.C[0])} {
		if x != 0x7fa00001 {
			t.Errorf("got float32 %x", x)
		}
	}
	for _, x := range []uint64{math.Float64bits(got.B), math.Float64bits(got.D[0]), math.Float64bits(got.E.(float64))} {
		if x != 0x7ff4000000000001 {
			t.Errorf("got float64 %x", x)
		}
	}
	if m := transfer(t, map[float64]int{math.NaN(): 1, -math.NaN(): 2}); len(m) != 2 {
		t.Errorf("got %v", m)
	}
}

func TestTime(t *testing.T) {
	now := time.Now()
	for _, x := range []time.Time{{}, now, now.UTC(), time.Unix(5, 0), time.Unix(-5, 999), time.Unix(1<<40, 1), time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC)} {
		got := transfer(t, x)
		if !got.Equal(x) {
			t.Errorf("sent %v, got %v", x, got)
		}
		if x.IsZero() && got != x || !x.IsZero() && got.Location() != time.Local {
			t.Errorf("got %v in %v", got, got.Location())
		}
		if a := transfer[any](t, x).(time.Time); !a.Equal(x) {
			t.Errorf("sent %v in any, got %v", x, a)
		}
	}
}

func TestOwnCodecsOfTheStandardLibrary(t *testing.T) {
	type all struct {
		Int   big.Int
		PInt  *big.Int
		Nil   *big.Int
		Addr  netip.Addr
		Addrs []netip.Addr
		URL   url.URL
		Port  map[netip.AddrPort]int
	}
	u, _ := url.Parse("https://example.com/x?y")
	addr := netip.MustParseAddr("10.0.0.1")
	v := all{*big.NewInt(7), big.NewInt(-8), nil, addr, []netip.Addr{addr, {}}, *u, map[netip.AddrPort]int{netip.AddrPortFrom(addr, 80): 1}}
	got := transfer(t, v)
	if got.Int.Cmp(&v.Int) != 0 || got.PInt.Cmp(v.PInt) != 0 || got.Nil != nil || got.URL != v.URL ||
		!reflect.DeepEqual(got.Addrs, v.Addrs) || got.Addr != addr || !reflect.DeepEqual(got.Port, v.Port) {
		t.Errorf("got %+v", got)
	}
}

// A codec that is only there by embedding would lose the other fields.
func TestPromotedCodecIsNotUsed(t *testing.T) {
	type Stamped struct {
		time.Time
		Label string
	}
	type Big struct {
		*big.Int
		Label string
	}
	type ByValue struct {
		big.Int
		Label string
	}
	now := time.Unix(1, 2)
	if got := transfer(t, ByValue{*big.NewInt(5), "x"}); got.Int64() != 5 || got.Label != "x" {
		t.Error("got", &got.Int, got.Label)
	}
	if got := transfer(t, Stamped{now, "x"}); !got.Equal(now) || got.Label != "x" {
		t.Errorf("got %+v", got)
	}
	if got := transfer(t, Big{big.NewInt(5), "x"}); got.Int64() != 5 || got.Label != "x" {
		t.Errorf("got %+v", got)
	}
}

func TestTargetIsReused(t *testing.T) {
	c := mustCompile[[]float32](t)
	var b Buffer
	v := []float32{1, 2, 3}
	if err := c.Encode(&b, &v); err != nil {
		t.Fatal(err)
	}
	room := make([]float32, 1, 8)
	out := room
	if err := c.Decode(b.Data, nil, &out); err != nil || &out[0] != &room[0] || len(out) != 3 || out[2] != 3 {
		t.Error(out, err)
	}
	// Decode makes everything else anew, and no old value shows through.
	type T struct {
		P *int
		M map[string]int
		S []Base
		I big.Int
		X int `msgpack:"-"`
	}
	p, s := 1, []Base{{1}, {2}}
	old := T{&p, map[string]int{"old": 1}, s, *big.NewInt(3), 9}
	c2, two := mustCompile[T](t), 2
	b.Reset()
	if err := c2.Encode(&b, &T{P: &two, M: map[string]int{"new": 1}, S: []Base{{7}}}); err != nil {
		t.Fatal(err)
	}
	if err := c2.Decode(b.Data, nil, &old); err != nil {
		t.Fatal(err)
	}
	if p != 1 || s[0].ID != 1 || len(old.M) != 1 || *old.P != 2 || old.I.Sign() != 0 || old.X != 9 {
		t.Errorf("got %+v", old)
	}
}

func TestSharedBuffer(t *testing.T) {
	ci, cs := mustCompile[int](t), mustCompile[[]string](t)
	var b Buffer
	i, s := 5, []string{"x"}
	_ = ci.Encode(&b, &i)
	cut := len(b.Data)
	_ = cs.Encode(&b, &s)
	var i2 int
	var s2 []string
	if err := ci.Decode(b.Data[:cut], nil, &i2); err != nil || i2 != 5 {
		t.Error(i2, err)
	}
	if err := cs.Decode(b.Data[cut:], nil, &s2); err != nil || s2[0] != "x" {
		t.Error(s2, err)
	}
}

func TestDeterministic(t *testing.T) {
	c := mustCompile[Inner](t)
	var a, b Buffer
	v := Inner{Name: "x"}
	_ = c.Encode(&a, &v)
	_ = c.Encode(&b, &v)
	if string(a.Data) != string(b.Data) {
		t.Error("two encodings differ")
	}
}

func TestConcurrentUse(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			c := mustCompile[Tree](t)
			for range 200 {
				v := Tree{Name: fmt.Sprint(i), Children: []Tree{{}}, ByName: map[string]*Tree{"a": {}}}
				var b Buffer
				var out Tree
				if err := c.Encode(&b, &v); err != nil {
					t.Error(err)
				}
				if err := c.Decode(b.Data, nil, &out); err != nil || !reflect.DeepEqual(v, out) {
					t.Error(out, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestSignature(t *testing.T) {
	const pkg = "github.com/go-multiprocessing/multiprocessing/mp/internal/wire."
	for _, c := range []struct{ got, want string }{
		{mustCompile[[]map[string]*int](t).Signature(), fmt.Sprintf("[]map[string]*int~%d", mapFloor(reflect.TypeFor[string](), reflect.TypeFor[*int]()))},
		{mustCompile[*Node](t).Signature(), "*" + pkg + "Node=struct{Value int;Next *#0}"},
		{mustCompile[Inner](t).Signature(), pkg + "Inner=struct{Base " + pkg + "Base=struct{ID int};hidden " + pkg + "hidden=struct{Level int};Name string}"},
		{mustCompile[Pair[any, error]](t).Signature(), pkg + "Pair[interface {},error]=struct{First any;Second own error}"},
		{mustCompile[struct {
			T time.Time
			B [2]big.Int
			F *os.File
			Q *fakeQueue
		}](t).Signature(), "struct{T time.Time=own time.Time;B [2]math/big.Int=MarshalText;F file;Q handle " + pkg + "fakeQueue}"},
	} {
		if c.got != c.want {
			t.Errorf("got  %s\nwant %s", c.got, c.want)
		}
	}
}
