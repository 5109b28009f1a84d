package wire

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

func (c *tagged) EncodeMsgpack(enc *msgpack.Encoder) error {
	enc.UseInternedStrings(true) // must not outlive the call
	enc.UseCompactFloats(true)
	return enc.Encode(c.x)
}

func (c *tagged) DecodeMsgpack(dec *msgpack.Decoder) error {
	dec.UseInternedStrings(true)
	return dec.Decode(&c.x)
}

type (
	// marshaler and binary3 also have a codec of lower rank, which must not be used.
	marshaler struct{ s string }
	binary3   struct{ s string }
	text      struct{ s string }
	// nilly is a nilable type with a codec by value.
	nilly map[string]int
	// bare keeps the bytes that UnmarshalBinary gets, which encoding.BinaryUnmarshaler forbids.
	bare struct{ b []byte }
	// naughty misbehaves as How says.
	naughty struct{ How string }
)

var errNaughty = errors.New("naughty")

func (m marshaler) MarshalMsgpack() ([]byte, error)      { return msgpack.Marshal(m.s) }
func (m *marshaler) UnmarshalMsgpack(b []byte) error     { return msgpack.Unmarshal(b, &m.s) }
func (m marshaler) MarshalBinary() ([]byte, error)       { panic("not used") }
func (m *marshaler) UnmarshalBinary([]byte) error        { panic("not used") }
func (m binary3) MarshalBinary() ([]byte, error)         { return []byte(m.s), nil }
func (m *binary3) UnmarshalBinary(b []byte) error        { m.s = string(b); return nil }
func (m binary3) MarshalText() ([]byte, error)           { panic("not used") }
func (m *binary3) UnmarshalText([]byte) error            { panic("not used") }
func (m text) MarshalText() ([]byte, error)              { return []byte(m.s), nil }
func (m *text) UnmarshalText(b []byte) error             { m.s = string(b); return nil }
func (m nilly) EncodeMsgpack(enc *msgpack.Encoder) error { return enc.EncodeInt(int64(len(m))) }
func (m *nilly) DecodeMsgpack(dec *msgpack.Decoder) error {
	n, err := dec.DecodeInt()
	*m = nilly{"n": n}
	return err
}
func (b bare) MarshalBinary() ([]byte, error)     { return b.b, nil }
func (b *bare) UnmarshalBinary(data []byte) error { b.b = data; return nil }

func (n *naughty) EncodeMsgpack(enc *msgpack.Encoder) error {
	switch n.How {
	case "encode panic":
		panic("boom")
	case "encode error":
		return errNaughty
	case "not msgpack":
		return enc.EncodeArrayLen(5)
	}
	return enc.EncodeMulti(n.How, 1)
}

func (n *naughty) DecodeMsgpack(dec *msgpack.Decoder) (err error) {
	if n.How, err = dec.DecodeString(); err != nil {
		return err
	}
	switch n.How {
	case "decode panic":
		panic("boom")
	case "decode error":
		return errNaughty
	case "too little":
		return nil
	case "too much":
		return dec.DecodeMulti(new(int), new(int))
	}
	_, err = dec.DecodeInt()
	return err
}

func TestOwnCodecs(t *testing.T) {
	type all struct {
		C tagged
		M marshaler
		B binary3
		T text
		N nilly
		X nilly
		K map[text]binary3
		L []naughty
		R msgpack.RawMessage
		F float32
		S string
	}
	v := all{
		tagged{map[string]any{"abcdef": "abcdef", "n": nil}},
		marshaler{"m"},
		binary3{"b"},
		text{"t"},
		nil,
		nilly{"n": 1},
		map[text]binary3{{"k"}: {"v"}},
		[]naughty{{"a"}, {"b"}},
		msgpack.RawMessage("\x91\x01"), 1, "abcdef",
	}
	if got := transfer(t, v); !reflect.DeepEqual(got, v) {
		t.Errorf("got %+v", got)
	}
	if got := transfer(t, all{M: marshaler{"m"}}); got.N != nil || got.R != nil {
		t.Errorf("got %+v", got)
	}
	if got := transfer(t, bare{[]byte("kept")}); string(got.b) != "kept" {
		t.Errorf("got %q", got.b)
	}
}

func TestMisbehavingCodecs(t *testing.T) {
	type Job struct{ N []naughty }
	c := mustCompile[Job](t)
	for how, want := range map[string]string{
		"encode panic": "encode Job.N[0]: EncodeMsgpack of wire.naughty panicked: boom",
		"encode error": "encode Job.N[0]: EncodeMsgpack of wire.naughty: naughty",
		"not msgpack":  "encode Job.N[0]: EncodeMsgpack of wire.naughty wrote what is not msgpack: a length exceeds the 1 bytes that are left",
		"decode panic": "decode Job.N[0]: DecodeMsgpack of wire.naughty panicked: boom",
		"decode error": "decode Job.N[0]: DecodeMsgpack of wire.naughty: naughty",
		"too little":   "decode Job.N[0]: DecodeMsgpack of wire.naughty left 1 bytes of its own unread",
		"too much":     "decode Job.N[0]: DecodeMsgpack of wire.naughty: EOF",
	} {
		var b Buffer
		err := c.Encode(&b, &Job{[]naughty{{how}}})
		if err == nil {
			err = c.Decode(b.Data, nil, new(Job))
		}
		if err == nil || err.Error() != want {
			t.Errorf("\n got %v\nwant %s", err, want)
		}
		if strings.HasSuffix(how, "error") && !errors.Is(err, errNaughty) {
			t.Error("the cause is lost")
		}
	}
}

// A timestamp's content can look like a map header to msgpack's decoder, which
// would then make a map of that size.
func TestExtIsNotTakenForMap(t *testing.T) {
	at := time.Unix(1, 0xdf<<22)
	v := tagged{map[string]any{"t": at}}
	if got := transfer(t, v); !got.x["t"].(time.Time).Equal(at) {
		t.Errorf("got %v", got)
	}
	const blob = "\xd7\xff\xdf\x80\x00\x00\x00123" // 2^31 entries
	undecodable[tagged](t, "\xc4\x0a"+blob, "decode tagged: DecodeMsgpack of wire.tagged: an ext value where a map should be")
}

func TestHostileBlob(t *testing.T) {
	undecodable[tagged](t, "\xc4\x05\xdf\xff\xff\xff\xff", "decode tagged: length 4294967295 exceeds the 0 bytes that are left")
	deep := "\xc6\x00\x10\x00\x00" + strings.Repeat("\x91", 1<<20)
	undecodable[tagged](t, deep, "decode tagged: nested deeper than 10000 levels")
	undecodable[marshaler](t, deep, "decode marshaler: nested deeper than 10000 levels")
}
