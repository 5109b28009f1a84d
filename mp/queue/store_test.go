package queue

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

// A store behaves like a slice of items, whatever items lie in it and however many are taken out or moved at once.
func TestStore(t *testing.T) {
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		var s, ahead store
		var want, wantAhead []item
		number, buf := uint64(0), make([]byte, 0, 64)
		fresh := func() item {
			number++
			size := []int{0, 1, 8, 64, 64, 5000, mostTogether + 1}[rnd.IntN(7)]
			return item{data: bytes.Repeat([]byte{byte(number)}, size), number: number}
		}
		check := func(got, want item) {
			t.Helper()
			if got.number != want.number || !bytes.Equal(got.data, want.data) {
				t.Fatalf("item %d of %d bytes, and not %d of %d", got.number, len(got.data), want.number, len(want.data))
			}
		}
		for range 1000 {
			switch k := rnd.IntN(10); {
			case k < 4:
				it := fresh()
				s.push(it)
				want = append(want, it)
			case k < 5:
				it := fresh()
				s.unget(it)
				want = slices.Insert(want, 0, it)
			case k < 6 && len(want) > 0:
				check(s.pop(buf), want[0])
				want = want[1:]
			case k < 8 && len(want) > 0:
				r := s.take(1+rnd.IntN(20), rnd.IntN(3000))
				ahead.add(r)
				wantAhead = append(wantAhead, want[:r.items]...)
				want = want[r.items:]
			case k < 9 && len(wantAhead) > 0:
				n := rnd.IntN(len(wantAhead) + 1)
				if got := ahead.drop(n); n > 0 && got != wantAhead[n-1].number {
					t.Fatal(got, wantAhead[n-1].number)
				}
				wantAhead = wantAhead[n:]
			case len(wantAhead) > 0:
				n := rnd.IntN(len(wantAhead) + 1)
				least, above := uint64(rnd.IntN(int(number)+1)), 0
				for above < n && wantAhead[len(wantAhead)-1-above].number > least {
					above++
				}
				if got := ahead.after(least, n); got != above {
					t.Fatalf("%d items after %d, and not %d", got, least, above)
				}
				ahead.moveLast(n, &s)
				want = slices.Concat(wantAhead[len(wantAhead)-n:], want)
				wantAhead = wantAhead[:len(wantAhead)-n]
			}
			if s.len() != len(want) || ahead.len() != len(wantAhead) {
				t.Fatal(s.len(), len(want), ahead.len(), len(wantAhead))
			}
			if len(wantAhead) > 0 && ahead.last() != wantAhead[len(wantAhead)-1].number {
				t.Fatal(ahead.last())
			}
		}
		for _, it := range wantAhead {
			check(ahead.pop(nil), it)
		}
		for _, it := range want {
			check(s.pop(buf), it)
		}
	}
}

// If count accepts bytes as records, the records lie within these bytes and leave none over.
func FuzzCount(f *testing.F) {
	f.Add(appendRecord(appendRecord(nil, []byte("one")), nil))
	f.Add(binary.NativeEndian.AppendUint64(nil, 1<<63))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, ok := count(b)
		if !ok {
			return
		}
		r := run{items: n, data: b}
		for range n {
			r.pop(nil)
		}
		if len(r.data) > 0 {
			t.Error(len(r.data))
		}
	})
}
