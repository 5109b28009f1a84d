package link

import (
	"bytes"
	"os"
	"sync"
	"testing"
	"time"
)

// bytesConn is a Conn that reads given bytes.
type bytesConn struct{ bytes.Reader }

func (*bytesConn) TakeFiles(n int, _ func([]byte) error) ([]*os.File, error) {
	if n > 0 {
		return nil, errCorrupt
	}
	return nil, nil
}
func (*bytesConn) Settle()                          {}
func (*bytesConn) Settled() bool                    { return true }
func (*bytesConn) Write([][]byte, []*os.File) error { return nil }
func (*bytesConn) SetReadDeadline(time.Time) error  { return nil }
func (*bytesConn) Close() error                     { return nil }

// slabLink shows that Link can express what shared memory needs: the body of a received message lies in one of a few
// slots, which Release gives back, and sending is possible without waking the peer. When all slots are lent, it copies.
type slabLink struct {
	Link
	slab *slab
}

func slabs(testing.TB) (a, b Link) {
	x, y := NewMemory()
	return &slabLink{x, newSlab()}, &slabLink{y, newSlab()}
}

func (l *slabLink) Recv() (Msg, error) {
	m, err := l.Link.Recv()
	if err != nil || len(m.Body) == 0 {
		return m, err
	}
	slot := l.slab.lend(m.Body)
	if slot == nil {
		return m, nil
	}
	m.Body, m.lender = slot.data[:len(m.Body)], slot
	return m, nil
}

type slab struct {
	mu   sync.Mutex
	free []*slot
}

type slot struct {
	slab *slab
	data []byte
}

func newSlab() *slab {
	s := new(slab)
	for range 4 {
		s.free = append(s.free, &slot{slab: s, data: make([]byte, 64<<10)})
	}
	return s
}

func (s *slab) lend(body []byte) *slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.free) == 0 || len(body) > len(s.free[0].data) {
		return nil
	}
	slot := s.free[0]
	s.free = s.free[1:]
	copy(slot.data, body)
	return slot
}

func (s *slot) release() {
	clear(s.data) // whoever looks later sees that it is gone
	s.slab.mu.Lock()
	defer s.slab.mu.Unlock()
	s.slab.free = append(s.slab.free, s)
}

func TestSlotsComeBack(t *testing.T) {
	a, b := NewMemory()
	defer a.Close()
	l := &slabLink{b, newSlab()}
	for i := range 100 {
		a.Send(Msg{Body: pattern(i, 1000)})
		m := recv(t, l)
		if m.lender == nil {
			t.Fatalf("message %d was copied although a slot was free", i)
		}
		m.Release()
	}
	var held []Msg
	for i := range 6 {
		a.Send(Msg{Body: pattern(i, 1000)})
		held = append(held, recv(t, l))
		if borrowed := held[i].lender != nil; borrowed != (i < 4) {
			t.Errorf("message %d: borrowed is %v with 4 slots", i, borrowed)
		}
	}
	for i := range held {
		if !bytes.Equal(held[i].Body, pattern(i, 1000)) {
			t.Errorf("message %d is damaged", i)
		}
		held[i].Release()
	}
	if n := len(l.slab.free); n != 4 {
		t.Errorf("%d of 4 slots came back", n)
	}
}
