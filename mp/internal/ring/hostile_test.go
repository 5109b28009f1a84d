package ring_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
)

// Where the words of a ring are, as ring.go draws them.
const (
	tailAt = 0
	headAt = 64
	dataAt = ring.Overhead
)

// numb is a bell for one end at a time. It never rings, and Wait gives up after three looks.
type numb struct{}

func (numb) Ring() {}

func (numb) Wait(ready func(fd uintptr) bool) error {
	for range 3 {
		if ready(0) {
			return nil
		}
	}
	return os.ErrClosed
}

func put(mem []byte, at int, v uint64) { binary.NativeEndian.PutUint64(mem[at:], v) }
func get(mem []byte, at int) uint64    { return binary.NativeEndian.Uint64(mem[at:]) }

// passed makes both ends of a ring of 256 bytes and passes records of 8 bytes through it until both stand at byte at.
func passed(t *testing.T, mem []byte, at int) (*ring.Writer, *ring.Reader) {
	t.Helper()
	w, r := ring.NewWriter(mem, numb{}, numb{}), ring.NewReader(mem, numb{}, numb{})
	for range at / 16 {
		if ok, err := w.Write(nil, make([]byte, 8)); !ok || err != nil {
			t.Fatal(err)
		}
		if _, ok, err := r.Next(); !ok || err != nil {
			t.Fatal(err)
		}
		r.Done()
	}
	return w, r
}

// badForReader is what a hostile writer can write into a ring of 256 bytes.
var badForReader = []struct {
	name string
	from int // what the reader has read
	tail uint64
	word uint64 // at from
	next uint64 // at the front
	fine int    // records that can be read before
}{
	{name: "tail behind head", from: 32, tail: 24},
	{name: "tail 0", from: 32, tail: 0},
	{name: "tail too far", from: 32, tail: 32 + 256 + 8},
	{name: "tail at the end of time", from: 32, tail: ^uint64(7)},
	{name: "tail unaligned", from: 32, tail: 33, word: 0},
	{name: "tail by 4", from: 32, tail: 36, word: 0},
	{name: "tail in a record", from: 32, tail: 40, word: 8},
	{name: "length beyond tail", from: 32, tail: 48, word: 9},
	{name: "length beyond Most", from: 32, tail: 32 + 256, word: 57},
	{name: "length beyond the end", from: 240, tail: 240 + 256, word: 9},
	{name: "length of the ring", from: 0, tail: 256, word: 256},
	{name: "length of 32 bits", from: 0, tail: 256, word: 1 << 32},
	{name: "length of 32 bits and a few", from: 0, tail: 256, word: 1<<32 + 8},
	{name: "length negative", from: 0, tail: 256, word: 1 << 63},
	{name: "length that overflows", from: 0, tail: 256, word: ^uint64(1)},
	{name: "skip at the front", from: 0, tail: 256, word: ^uint64(0)},
	{name: "skip to a skip", from: 32, tail: 32 + 256, word: ^uint64(0), next: ^uint64(0)},
	{name: "skip to tail", from: 32, tail: 256, word: ^uint64(0)},
	{name: "skip beyond tail", from: 32, tail: 48, word: ^uint64(0)},
	{name: "skip to a record that is too long", from: 32, tail: 256 + 16, word: ^uint64(0), next: 16},
	{name: "a record before nonsense", from: 32, tail: 32 + 256, word: 8, fine: 1},
}

// A tail or a length that no writer would write ends the reader with ErrCorrupt, for good.
func TestReaderRefusesNonsense(t *testing.T) {
	for _, bad := range badForReader {
		t.Run(bad.name, func(t *testing.T) {
			mem := make([]byte, ring.Overhead+256)
			_, r := passed(t, mem, bad.from)
			for at := dataAt; at < len(mem); at += 8 {
				put(mem, at, 1<<40)
			}
			put(mem, dataAt, bad.next)
			put(mem, dataAt+bad.from, bad.word)
			put(mem, tailAt, bad.tail)
			for range bad.fine {
				if _, ok, err := r.Next(); !ok || err != nil {
					t.Fatal(err)
				}
				r.Done()
			}
			for range 2 {
				if record, ok, err := r.Next(); ok || !errors.Is(err, ring.ErrCorrupt) {
					t.Errorf("record %v, %v, error %v", record, ok, err)
				}
				if err := r.Await(true); err != nil {
					t.Error(err) // it must not wait for more
				}
				// A valid record comes too late.
				put(mem, dataAt, 0)
				put(mem, dataAt+bad.from, 0)
				put(mem, tailAt, uint64(bad.from)+8)
			}
		})
	}
}

// A head that no reader would write ends the writer with ErrCorrupt, for good.
func TestWriterRefusesNonsense(t *testing.T) {
	for name, head := range map[string]uint64{
		"beyond tail": 128 + 256 + 8, "behind": 120, "0": 0, "unaligned": 130, "by 4": 132, "at the end of time": ^uint64(7), "far": 1 << 32,
	} {
		t.Run(name, func(t *testing.T) {
			mem := make([]byte, ring.Overhead+256)
			w, _ := passed(t, mem, 128)
			body := make([]byte, ring.Most(256))
			for range 4 {
				if ok, err := w.Write(nil, body); !ok || err != nil {
					t.Fatalf("there is no room: %v", err)
				}
			}
			tail := get(mem, tailAt)
			put(mem, headAt, head)
			for range 2 {
				if ok, err := w.Write(nil, body); ok || !errors.Is(err, ring.ErrCorrupt) {
					t.Errorf("written: %v, error %v", ok, err)
				}
				if err := w.AwaitRoom(len(body), false); err != nil {
					t.Error(err)
				}
				put(mem, headAt, tail) // makes sense again, too late
			}
			if got := get(mem, tailAt); got != tail {
				t.Errorf("tail went from %d to %d", tail, got)
			}
		})
	}
}

// After AwaitRoom, Write has room, wherever in the data the writer stands. AwaitRoom returns as long as the reader reads.
func TestRoomForEveryRecordEverywhere(t *testing.T) {
	for _, capacity := range []int{64, 128} {
		for at := 0; at < capacity; at += 8 {
			for n := range ring.Most(capacity) + 1 {
				mem := make([]byte, ring.Overhead+capacity)
				r := ring.NewReader(mem, numb{}, numb{})
				w := ring.NewWriter(mem, numb{}, reading{r})
				// Records of 0 bytes: those before at are read at once, the later ones fill the ring.
				for pass := 0; ; pass++ {
					ok, err := w.Write(nil, nil)
					if err != nil {
						t.Fatal(err)
					}
					if !ok {
						break
					}
					if pass < at/8 {
						r.Next()
						r.Done()
					}
				}
				if err := w.AwaitRoom(n, false); err != nil {
					t.Fatalf("capacity %d, at %d, %d bytes: %v", capacity, at, n, err)
				}
				if ok, err := w.Write(nil, make([]byte, n)); !ok || err != nil {
					t.Fatalf("capacity %d, at %d, %d bytes: no room after AwaitRoom (%v)", capacity, at, n, err)
				}
			}
		}
	}
}

// reading is the bell of a writer whose reader reads one record at a time.
type reading struct{ r *ring.Reader }

func (reading) Ring() {}

func (b reading) Wait(ready func(fd uintptr) bool) error {
	for !ready(0) {
		if _, ok, err := b.r.Next(); !ok {
			return errors.Join(errors.New("the ring is empty, and there is no room"), err)
		}
		b.r.Done()
	}
	return nil
}

// program is a fuzzer's input, whose bytes choose operations and operands.
type program []byte

func (p *program) next() int {
	if len(*p) == 0 {
		return 0
	}
	b := (*p)[0]
	*p = (*p)[1:]
	return int(b)
}

// mutate writes nonsense: mostly to words that matter, and mostly values that nearly make sense.
func (p *program) mutate(mem []byte) {
	words := []int{tailAt, headAt, dataAt, dataAt + 8*p.next(), 8 * p.next()}
	at := words[p.next()%len(words)] % (len(mem) - 7) &^ 7
	capacity := uint64(len(mem) - ring.Overhead)
	old, n := get(mem, at), uint64(p.next())
	values := []uint64{
		0, n, 8 * n, old + 8*n, old - 8*n, old + n, ^uint64(0), ^n, n << 32, n << 56,
		uint64(ring.Most(int(capacity))), uint64(ring.Most(int(capacity))) + 1, capacity, get(mem, tailAt) + 8*n, get(mem, headAt) + 8*n,
	}
	put(mem, at, values[p.next()%len(values)])
}

// memory makes the memory of a ring of one of the smallest sizes, and fills it with image as far as that goes.
func (p *program) memory(image []byte) []byte {
	mem := make([]byte, ring.Overhead+64<<(p.next()%3))
	copy(mem, image)
	return mem
}

// Whatever the memory holds, and however it changes between operations, a reader returns records within the data, or
// ErrCorrupt, and does not go on for ever.
func FuzzReader(f *testing.F) {
	for _, bad := range badForReader {
		mem := make([]byte, ring.Overhead+256)
		put(mem, tailAt, bad.tail)
		put(mem, dataAt, bad.next)
		put(mem, dataAt+bad.from, bad.word)
		f.Add(mem, []byte{2, 2, 2, 5, 1, 2, 3, 4, 5, 2})
	}
	f.Add([]byte("0"), []byte("01000900121")) // a record, then nonsense in its place, then Done
	f.Fuzz(func(t *testing.T, image, ops []byte) {
		p := program(ops)
		mem := p.memory(image)
		capacity := len(mem) - ring.Overhead
		r := ring.NewReader(mem, numb{}, numb{})
		corrupt := false
		next := func() (ok bool) {
			record, ok, err := r.Next()
			switch {
			case err != nil && (ok || !errors.Is(err, ring.ErrCorrupt)):
				t.Fatalf("ok %v, error %v", ok, err)
			case ok && (corrupt || len(record) > ring.Most(capacity) || cap(record) != len(record)):
				t.Fatalf("a record of %d bytes, capacity %d; corrupt before: %v", len(record), cap(record), corrupt)
			}
			corrupt = err != nil
			return ok
		}
		for len(p) > 0 {
			switch p.next() % 7 {
			case 0:
				next()
			case 1:
				r.Done()
			case 2:
				for n := 0; next(); n++ {
					if n > 2*capacity/8 { // up to where tail was, and to where it is now
						t.Fatal("more records than there is room for")
					}
					r.Done()
				}
			case 3:
				if err := r.Await(p.next() == 0); err != nil && !errors.Is(err, os.ErrClosed) {
					t.Fatal(err)
				}
			case 4:
				r.End()
			default:
				p.mutate(mem)
			}
		}
	})
}

// Whatever the memory holds, and however it changes between operations, a writer writes within the data, where nothing is
// unread, or returns ErrCorrupt.
func FuzzWriter(f *testing.F) {
	f.Add([]byte{}, []byte{2, 0, 255, 0, 255, 0, 255, 0, 255, 6, 0, 0, 1, 200, 1, 0, 255})
	f.Add(bytes.Repeat([]byte{255}, 1000), []byte{0, 0, 255, 0, 255, 0, 255, 0, 255, 1, 20})
	f.Fuzz(func(t *testing.T, image, ops []byte) {
		p := program(ops)
		mem := p.memory(image)
		capacity := len(mem) - ring.Overhead
		w := ring.NewWriter(mem, numb{}, numb{})
		var tail, freed uint64 // what the writer has written, and what it may believe to be read
		corrupt := false
		for len(p) > 0 {
			if head := get(mem, headAt); head <= tail && head > freed {
				freed = head
			}
			switch p.next() % 7 {
			case 0, 1:
				n := p.next() % (ring.Most(capacity) + 1)
				body := bytes.Repeat([]byte{byte(n)}, n)
				ok, err := w.Write(body[:n/2], body[n/2:])
				if err != nil && (ok || !errors.Is(err, ring.ErrCorrupt)) || corrupt && err == nil {
					t.Fatalf("ok %v, error %v; corrupt before: %v", ok, err, corrupt)
				}
				corrupt = err != nil
				if !ok {
					break
				}
				at := tail & uint64(capacity-1)
				if get(mem, dataAt+int(at)) == ^uint64(0) {
					tail, at = tail+uint64(capacity)-at, 0
				}
				length, from := get(mem, dataAt+int(at)), dataAt+int(at)+8
				tail += 8 + uint64(n+7)&^7
				if length != uint64(n) || !bytes.Equal(mem[from:from+n], body) || get(mem, tailAt) != tail {
					t.Fatalf("record of %d bytes at %d, tail %d: % x", n, at, get(mem, tailAt), mem)
				}
				if tail-freed > uint64(capacity) {
					t.Fatalf("tail %d overtakes head %d", tail, freed)
				}
			case 2:
				if err := w.AwaitRoom(p.next()%(ring.Most(capacity)+1), false); err != nil && !errors.Is(err, os.ErrClosed) {
					t.Fatal(err)
				}
			case 3:
				w.Wake()
			case 4:
				w.End()
			default:
				p.mutate(mem)
			}
		}
	})
}

// Records that are written and read in any order of steps come out as they went in.
func FuzzRing(f *testing.F) {
	f.Add([]byte{0, 1, 3, 1, 9, 1, 8, 0, 0, 2, 1, 1, 0, 1, 14, 0, 0})
	f.Fuzz(func(t *testing.T, ops []byte) {
		p := program(ops)
		mem := p.memory(nil)
		most := ring.Most(len(mem) - ring.Overhead)
		w, r := ring.NewWriter(mem, numb{}, numb{}), ring.NewReader(mem, numb{}, numb{})
		var sent [][]byte
		for i := 0; len(p) > 0; i++ {
			if p.next()%2 == 0 {
				record, ok, err := r.Next()
				if err != nil || ok != (len(sent) > 0) || ok && !bytes.Equal(record, sent[0]) {
					t.Fatalf("read % x, %v, %v; %d are there: % x", record, ok, err, len(sent), sent)
				}
				if ok {
					r.Done()
					sent = sent[1:]
				}
				continue
			}
			n := p.next() % (most + 1)
			body := bytes.Repeat([]byte{byte(i)}, n)
			ok, err := w.Write(body[:n/3], body[n/3:])
			if err != nil || !ok && len(sent) == 0 {
				t.Fatalf("%d bytes are not written to an empty ring: %v", n, err)
			}
			if ok {
				sent = append(sent, body)
			}
		}
	})
}
