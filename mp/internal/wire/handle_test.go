package wire

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
)

// fakeQueue is a handle of a name and a file.
type fakeQueue struct {
	name string
	file *os.File
}

func (q *fakeQueue) IsHandle() {}

func (q *fakeQueue) EncodeMsgpack(enc *msgpack.Encoder) error {
	if err := enc.EncodeString(q.name); err != nil {
		return err
	}
	return Attach(enc, q.file)
}

func (q *fakeQueue) DecodeMsgpack(dec *msgpack.Decoder) (err error) {
	if q.name, err = dec.DecodeString(); err != nil {
		return err
	}
	q.file, err = Detach(dec)
	return err
}

func openNull(t *testing.T) *os.File {
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// holder is a type with its own codec that holds a handle.
type holder struct{ q *fakeQueue }

func (h *holder) EncodeMsgpack(enc *msgpack.Encoder) error { return enc.Encode(h.q) }
func (h *holder) DecodeMsgpack(dec *msgpack.Decoder) error {
	h.q = new(fakeQueue)
	return dec.Decode(h.q)
}

func TestHandles(t *testing.T) {
	a, b, c, d := openNull(t), openNull(t), openNull(t), openNull(t)
	type embedding struct {
		*fakeQueue `msgpack:"-"`
		N          int
	}
	type message struct {
		Queues map[string]*fakeQueue
		Nil    *fakeQueue
		File   *os.File
		Files  []*os.File
		H      holder
		E      embedding
	}
	v := message{map[string]*fakeQueue{"q": {"name", a}}, nil, b, []*os.File{c, nil}, holder{&fakeQueue{"h", d}}, embedding{N: 5}}
	got := transfer(t, v)
	if q := got.Queues["q"]; q.name != "name" || q.file != a {
		t.Errorf("got %+v", q)
	}
	if got.Nil != nil || got.File != b || got.Files[0] != c || got.Files[1] != nil || got.H.q.file != d || got.E.N != 5 {
		t.Errorf("got %+v", got)
	}
	if f := transfer(t, a); f != a {
		t.Error("the file did not arrive")
	}
	if q := transfer(t, &fakeQueue{"x", a}); q.file != a {
		t.Error("the handle did not arrive")
	}
}

func TestFilesOfFailedEncode(t *testing.T) {
	type message struct {
		F *os.File
		X any
	}
	c := mustCompile[message](t)
	b := &Buffer{Data: []byte("x"), Files: []*os.File{openNull(t)}}
	err := c.Encode(b, &message{openNull(t), make(chan int)})
	if err == nil || string(b.Data) != "x" || len(b.Files) != 1 || b.Files[:2][1] != nil {
		t.Error(err, b)
	}
}

func TestHostileFiles(t *testing.T) {
	c := mustCompile[[]*os.File](t)
	f := openNull(t)
	file := func(i byte) string { return "\xd6\x4d\x00\x00\x00" + string(rune(i)) }
	for _, x := range []struct {
		data, want string
		files      []*os.File
	}{
		{"\x91" + file(1), "decode []*os.File[0]: file 1 is wanted, but 1 came with the message", []*os.File{f}},
		{"\x92" + file(0) + file(0), "decode []*os.File[1]: file 0 has already been taken", []*os.File{f}},
		{"\x91" + file(0), "decode []*os.File[0]: its files did not come with it: a process that received it had too many open files; see ulimit -n", nil},
		{"\x91" + file(0), "decode []*os.File: 2 files came with the message, but 1 belong to it", []*os.File{f, f}},
		{"\x91\xd6\x4e\x00\x00\x00\x00", "decode []*os.File[0]: found ext type 78 instead of a file", []*os.File{f}},
		{"\x91\x05", "decode []*os.File[0]: found code 0x05 instead of a file", []*os.File{f}},
		{"\x91\xd6\x4d\xff\xff\xff\xff", "decode []*os.File[0]: file 4294967295 is wanted, but 1 came with the message", []*os.File{f}},
	} {
		var v []*os.File
		if err := c.Decode([]byte(x.data), x.files, &v); err == nil || err.Error() != x.want {
			t.Errorf("\n got %v\nwant %s", err, x.want)
		}
	}
}

func TestFilesOutsideOfOurMessages(t *testing.T) {
	_, err := msgpack.Marshal(&fakeQueue{"x", openNull(t)})
	if err == nil || !strings.Contains(err.Error(), "can only be sent to another process by this library") {
		t.Error(err)
	}
	var q fakeQueue
	err = msgpack.Unmarshal([]byte("\xa1x\xd6\x4d\x00\x00\x00\x00"), &q)
	if err == nil || !strings.Contains(err.Error(), "can only be received from another process by this library") {
		t.Error(err)
	}
	var b Buffer
	var nilFile fakeQueue
	c := mustCompile[*fakeQueue](t)
	p := &nilFile
	if err := c.Encode(&b, &p); err == nil || err.Error() != "encode fakeQueue: EncodeMsgpack of wire.fakeQueue: cannot attach a nil file" {
		t.Error(err)
	}
}

func TestHandleInAny(t *testing.T) {
	c := mustCompile[map[string]any](t)
	for _, x := range []any{openNull(t), &fakeQueue{}} {
		v := map[string]any{"k": []any{x}}
		want := fmt.Sprintf("encode map[string]any[\"k\"][0]: an any cannot carry a %T: give it a field or parameter of its own type", x)
		if err := c.Encode(new(Buffer), &v); err == nil || err.Error() != want {
			t.Errorf("\n got %v\nwant %s", err, want)
		}
	}
	var v any
	err := mustCompile[any](t).Decode([]byte("\xd6\x4d\x00\x00\x00\x00"), []*os.File{openNull(t)}, &v)
	if err == nil || err.Error() != "decode any: found code 0xd6 instead of an any, which cannot carry files" {
		t.Error(err)
	}
}

// keeper keeps the encoder it was given.
type keeper struct{ enc *msgpack.Encoder }

func (k *keeper) EncodeMsgpack(enc *msgpack.Encoder) error { k.enc = enc; return enc.EncodeNil() }
func (k *keeper) DecodeMsgpack(dec *msgpack.Decoder) error { return dec.DecodeNil() }

func TestKeptEncoderIsCutOff(t *testing.T) {
	c := mustCompile[keeper](t)
	var k keeper
	if err := c.Encode(new(Buffer), &k); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		i, b := 5, new(Buffer)
		_ = mustCompile[int](t).Encode(b, &i)
		if err := k.enc.EncodeString("late"); !errors.Is(err, errSinkClosed) {
			t.Fatal(err)
		}
		if err := Attach(k.enc, openNull(t)); !errors.Is(err, errSinkClosed) {
			t.Fatal(err)
		}
	}
}
