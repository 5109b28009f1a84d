package conn

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// tape is a stream that a hostile peer has sent.
type tape struct{ io.Reader }

func (t tape) ReadNow(p []byte) (int, error) { return t.Read(p) }
func (tape) TakeFiles(n int, _ func([]byte) error) ([]*os.File, error) {
	return make([]*os.File, n), nil
}
func (tape) Files() int                                  { return 0 }
func (tape) DropFiles()                                  {}
func (tape) Write(bufs [][]byte, files []*os.File) error { return nil }
func (tape) SetReadDeadline(time.Time) error             { return nil }
func (tape) SetWriteDeadline(time.Time) error            { return nil }
func (tape) Close() error                                { return nil }

type sample struct {
	Name string
	At   []float64
	In   map[string]int
}

// receiveAll receives with the method that what selects until c has failed, and returns how many bytes came.
func receiveAll(t *testing.T, c *Conn, what uint8) (got int) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var s sample
	var floats []float64
	buf := make([]byte, 100)
	for i := 0; ; i++ {
		var err error
		var p []byte
		switch what % 6 {
		case 0:
			p, err = c.RecvBytes(ctx)
		case 1:
			err = c.Recv(ctx, &s)
		case 2:
			err = c.Recv(ctx, &floats)
		case 3:
			_, err = c.RecvHandle(ctx)
		case 4:
			_, err = c.RecvBytesInto(ctx, buf)
		case 5:
			p, err = RecvShort(ctx, c, 256)
		}
		if got += len(p) + 8*len(floats); got < 0 || i > 1<<20 {
			t.Fatal("it does not end")
		}
		if c.failed != nil {
			return got
		}
		if errors.Is(err, context.DeadlineExceeded) {
			t.Fatal("it hangs")
		}
	}
}

func FuzzFrames(f *testing.F) {
	valid, _ := wire.TypeOf(reflect.TypeFor[sample]())
	var b wire.Buffer
	v := reflect.ValueOf(&sample{"x", []float64{1}, map[string]int{"a": 1}}).Elem()
	if err := valid.Encode(&b, v); err != nil {
		f.Fatal(err)
	}
	head := append(append([]byte(nil), mark[:]...), byte(kindValue), 0, 0, 0, 0, 0, 0, 0)
	head = binary.LittleEndian.AppendUint64(head, valid.Sum())
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(head)+len(b.Data)))
	for what := range uint8(6) {
		f.Add(what, bytes.Join([][]byte{frame, head, b.Data}, nil))
		f.Add(what, []byte("\x00\x00\x00\x03abc\x00\x00\x00\x00"))
		f.Add(what, []byte("\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff"))
		f.Add(what, []byte("\xff\xff\xff\xfe"))
		f.Add(what, []byte("\x7f\xff\xff\xff"))
	}
	f.Fuzz(func(t *testing.T, what uint8, data []byte) {
		c := Over(tape{bytes.NewReader(data)}, "a fuzzer", true)
		defer c.Close()
		if got := receiveAll(t, c, what); got > len(data)*8 {
			t.Errorf("%d bytes came out of %d", got, len(data))
		}
	})
}

// FuzzRings receives what a hostile process writes into the ring.
func FuzzRings(f *testing.F) {
	record := func(k kind, files uint32, size uint64, body string) string {
		b := append([]byte{byte(k), 0, 0, 0}, binary.LittleEndian.AppendUint32(nil, files)...)
		b = append(b, make([]byte, 8)...)
		return string(binary.LittleEndian.AppendUint64(b, size)) + body
	}
	for what := range uint8(6) {
		f.Add(what, []byte(record(kindBytes, 0, 3, "abc")), []byte("def"), []byte{})
		f.Add(what, []byte(record(kindBytes, 0, 6, "abc")), []byte("def"), []byte(record(kindFiles, 0, 0, "")))
		f.Add(what, []byte(record(kindMemory, 0, 6, "abc")), []byte{}, []byte("rest"))
		f.Add(what, []byte(record(kindFiles, 3, 0, "")), []byte{}, []byte("rest"))
		f.Add(what, []byte(record(kindBytes, 0, 1<<62, "abc")), []byte("x"), []byte{})
	}
	f.Fuzz(func(t *testing.T, what uint8, one, two, three []byte) {
		t.Setenv("MP_TRANSPORT", "")
		a, b, err := Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		if _, ok := a.seed.(*ringsSeed); !ok {
			t.Skip("there is no shared memory here")
		}
		hostile, err := a.transport()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range [][]byte{one, two, three} {
			if err := hostile.(*rings).write(t.Context(), nil, r[:min(len(r), mostPart)]); err != nil {
				t.Fatal(err)
			}
		}
		a.Close()
		receiveAll(t, b, what)
	})
}

// FuzzHandle decodes handles that no process has encoded.
func FuzzHandle(f *testing.F) {
	f.Add([]byte{byte(seedRings), byte(duplex), 6}, uint8(6))
	f.Add(append([]byte{byte(seedRings), byte(duplex), 6}, make([]byte, 16+18)...), uint8(6))
	f.Add(append([]byte{byte(seedStream), byte(sends), 1}, make([]byte, 16+2)...), uint8(1))
	typ, err := wire.TypeOf(reflect.TypeFor[*Conn]())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, state []byte, n uint8) {
		var b wire.Buffer
		h := &raw{state: state}
		for range n % 10 {
			x, y, err := sys.StreamPair()
			if err != nil {
				t.Skip(err)
			}
			y.Close()
			h.files = append(h.files, x)
		}
		rawType, err := wire.TypeOf(reflect.TypeFor[*raw]())
		if err != nil {
			t.Fatal(err)
		}
		if err := rawType.Encode(&b, reflect.ValueOf(&h).Elem()); err != nil {
			t.Fatal(err)
		}
		var c *Conn
		if err := typ.Decode(b.Data, b.Files, reflect.ValueOf(&c).Elem()); err != nil {
			link.CloseAll(b.Files)
			return
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_ = c.SendBytes(ctx, nil)
		_, _ = c.RecvBytes(ctx)
		c.Close()
	})
}

// raw is a handle with any state and files.
type raw struct {
	state []byte
	files []*os.File
}

func (r *raw) IsHandle() {}

func (r *raw) EncodeMsgpack(enc *wire.Encoder) error {
	err := enc.EncodeBytes(r.state)
	for _, f := range r.files {
		err = errors.Join(err, wire.Attach(enc, f))
	}
	return err
}

func (r *raw) DecodeMsgpack(*wire.Decoder) error { return nil }
