package ring_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// pair makes both ends of a ring of this capacity, in shared memory with real bells.
func pair(t testing.TB, capacity int) (*ring.Writer, *ring.Reader) {
	t.Helper()
	seg, err := shm.New(ring.Overhead + capacity)
	if err != nil {
		t.Fatal(err)
	}
	bell, room := newBell(t), newBell(t)
	t.Cleanup(func() {
		bell.Close()
		room.Close()
		seg.Close()
	})
	return ring.NewWriter(seg.Bytes(), bell, room), ring.NewReader(seg.Bytes(), bell, room)
}

func newBell(t testing.TB) *sys.Bell {
	t.Helper()
	b, err := sys.NewBell()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// send writes a record, and waits for room if it has to.
func send(t testing.TB, w *ring.Writer, head, body []byte) {
	for {
		ok, err := w.Write(head, body)
		if err != nil {
			t.Error(err)
			return
		}
		if ok {
			w.Wake()
			return
		}
		if err := w.AwaitRoom(len(head) + len(body)); err != nil {
			t.Error(err)
			return
		}
	}
}

// receive reads a record into buf, and waits for one if it has to.
func receive(t testing.TB, r *ring.Reader, buf []byte) []byte {
	for {
		record, ok, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			buf = append(buf[:0], record...)
			r.Done()
			return buf
		}
		if err := r.Await(true); err != nil {
			t.Fatal(err)
		}
	}
}

// Records of all sizes arrive whole and in order, through rings that are full and empty all the time.
func TestRecordsArriveWholeAndInOrder(t *testing.T) {
	for _, capacity := range []int{64, 256, 4096, 1 << 16} {
		leak.Check(t)
		w, r := pair(t, capacity)
		const n = 20000
		go func() {
			random := rand.New(rand.NewPCG(1, uint64(capacity)))
			for i := range n {
				body := make([]byte, random.IntN(ring.Most(capacity)-7))
				for j := range body {
					body[j] = byte(random.Uint32())
				}
				head := binary.LittleEndian.AppendUint32(nil, uint32(i))
				head = binary.LittleEndian.AppendUint32(head, crc32.ChecksumIEEE(body))
				send(t, w, head, body)
			}
		}()
		var buf []byte
		for i := range n {
			buf = receive(t, r, buf)
			if got := binary.LittleEndian.Uint32(buf); got != uint32(i) {
				t.Fatalf("record %d came as number %d", got, i)
			}
			if crc32.ChecksumIEEE(buf[8:]) != binary.LittleEndian.Uint32(buf[4:]) {
				t.Fatalf("record %d is damaged", i)
			}
		}
	}
}

func BenchmarkRoundTrip(b *testing.B) {
	wa, ra := pair(b, 1<<16)
	wb, rb := pair(b, 1<<16)
	body := bytes.Repeat([]byte{1}, 64)
	go func() {
		var buf []byte
		for range b.N {
			buf = receive(b, ra, buf)
			send(b, wb, nil, buf)
		}
	}()
	var buf []byte
	for range b.N {
		send(b, wa, nil, body)
		buf = receive(b, rb, buf)
	}
}

func BenchmarkOneWay(b *testing.B) {
	w, r := pair(b, 1<<18)
	body := bytes.Repeat([]byte{1}, 64)
	go func() {
		for range b.N {
			send(b, w, nil, body)
		}
	}()
	var buf []byte
	for range b.N {
		buf = receive(b, r, buf)
	}
}
