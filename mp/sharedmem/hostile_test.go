package sharedmem

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// claim is what a hostile process may send instead of a handle: any number with any file.
type claim struct {
	n    int64
	file *os.File
}

func (c *claim) IsHandle()                             {}
func (c *claim) DecodeMsgpack(dec *wire.Decoder) error { return dec.DecodeNil() }
func (c *claim) EncodeMsgpack(enc *msgpack.Encoder) error {
	if err := enc.EncodeInt(c.n); err != nil {
		return err
	}
	return wire.Attach(enc, c.file)
}

// received decodes a claim as a T.
func received[T any](t *testing.T, c *claim) (v *T, err error) {
	t.Helper()
	from, err := wire.Compile[*claim]()
	if err != nil {
		t.Fatal(err)
	}
	to, err := wire.Compile[*T]()
	if err != nil {
		t.Fatal(err)
	}
	var b wire.Buffer
	if err := from.Encode(&b, &c); err != nil {
		t.Fatal(err)
	}
	if b.Files[0], err = sys.Dup(c.file); err != nil { // the receiver gets a descriptor of its own
		t.Fatal(err)
	}
	err = to.Decode(b.Data, b.Files, &v)
	return v, err
}

func newFile(t *testing.T, size int) *os.File {
	t.Helper()
	f, err := sys.NewMemory(size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// A receiver refuses a size that is not positive or is larger than the file, and closes the file. Otherwise it maps exactly the
// size that was sent.
func TestHostileSizes(t *testing.T) {
	leak.Check(t)
	const page = 4096
	f := newFile(t, page)
	for _, n := range []int64{0, -1, math.MinInt64, math.MaxInt64, 1 << 31, 1 << 32, 1<<61 + 1, page + 1, 1 << 20} {
		if m, err := received[SharedMemory](t, &claim{n, f}); err == nil {
			t.Errorf("%v of %d bytes", m, page)
		}
		if a, err := received[Array[int64]](t, &claim{n, f}); err == nil {
			t.Errorf("%v of %d bytes", a, page)
		}
		if v, err := received[Value[int]](t, &claim{n, f}); err == nil {
			t.Errorf("%v of %d bytes", v, page)
		}
	}
	m, err := received[SharedMemory](t, &claim{page, f})
	if err != nil || m.Size() != page || len(m.Bytes()) != page {
		t.Fatalf("%v, error %v", m, err)
	}
	m.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if m, err := received[SharedMemory](t, &claim{page, null}); err == nil {
		t.Errorf("%v is %s", m, os.DevNull)
	}
}

// A receiver refuses an array of a type that NewArrayOf refuses, too: another process would choose the pointers in its elements.
func TestHostileType(t *testing.T) {
	leak.Check(t)
	if a, err := received[Array[*int]](t, &claim{1, newFile(t, 8)}); err == nil || !strings.Contains(err.Error(), "points to memory of this process") {
		t.Errorf("%v, error %v", a, err)
	}
}

// If another process writes nonsense into the word of a value, Load returns some number, and the other methods still work.
func TestHostileValue(t *testing.T) {
	leak.Check(t)
	f := newFile(t, cellSize)
	mem, err := sys.MapMemory(f, cellSize)
	if err != nil {
		t.Fatal(err)
	}
	defer sys.UnmapMemory(mem)
	v, err := received[Value[int8]](t, &claim{1, f})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	for i := range mem {
		mem[i] = 0xff
	}
	if n := v.Load(); n != -1 {
		t.Errorf("it is %d", n)
	}
	if !v.CompareAndSwap(-1, 5) || v.Add(1) != 6 {
		t.Errorf("it is %v", v)
	}
}
