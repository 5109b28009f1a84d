package queue

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// stranger makes a client of q, without shared memory, that can send any request. The function returned ends its link.
func stranger[T any](q *Queue[T]) (*share.Ref, func() error) {
	ours, theirs := link.NewInProcess()
	return q.ref.Over(ours, theirs), theirs.Close
}

// taken returns the body of the answer to an opGet: an item after its number.
func taken(t *testing.T, ref *share.Ref) []byte {
	t.Helper()
	m, err := ref.Call(t.Context(), opGet, make([]byte, 8), nil, nil)
	if err != nil || m.Kind != ansItem {
		t.Fatal(m.Kind, err)
	}
	defer m.Release()
	return bytes.Clone(m.Body)
}

// broken waits until the link has ended.
func broken(t *testing.T, ref *share.Ref) {
	t.Helper()
	for range 1000 {
		if _, err := ref.Call(t.Context(), opLook, nil, nil, nil); err != nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error("nobody has minded")
}

// poor is an end of a link that cannot send files, as if its process had no descriptors left.
type poor struct{ link.Link }

func (p poor) Send(m link.Msg) error {
	if len(m.Files) > 0 {
		return link.ErrNotSent
	}
	return p.Link.Send(m)
}

// If the files of an item that is given back cannot be sent, it comes back without them, and the next Get of it fails.
func TestUngetWithoutFiles(t *testing.T) {
	leak.Check(t)
	q, err := New[*os.File](1)
	if err != nil {
		t.Fatal(err)
	}
	defer finish(q)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(q.Put(t.Context(), null), null.Close()); err != nil {
		t.Fatal(err)
	}
	ours, theirs := link.NewInProcess()
	defer theirs.Close()
	ref := q.ref.Over(ours, poor{theirs})
	m, err := ref.Call(t.Context(), opGet, make([]byte, 8), nil, nil)
	if err != nil || m.Kind != ansItem || len(m.Files) != 1 {
		t.Fatal(m, err)
	}
	giveBack(ref, m)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if f, err := q.Get(ctx); err == nil || ctx.Err() != nil {
		t.Error(f, err)
	}
}

// finish closes q and takes the items that are left. Only then does the owner drop the queue.
func finish[T any](q *Queue[T]) {
	q.Close()
	for range q.All(context.Background()) {
		continue
	}
}

// A client cannot give back more items than it was given, nor items that were never put.
func TestUngetOfNothing(t *testing.T) {
	leak.Check(t)
	for _, given := range []int{0, 1, 2} {
		q, err := New[int](2)
		if err != nil {
			t.Fatal(err)
		}
		for i := range given {
			q.TryPut(i)
		}
		ref, leave := stranger(q)
		body := binary.LittleEndian.AppendUint64(nil, 1)
		for range given {
			body = taken(t, ref)
		}
		for range 1000 {
			_ = ref.Send(context.Background(), opUnget, body, nil, nil) // until the link ends
		}
		broken(t, ref)
		if n := q.Len(); n != given {
			t.Errorf("%d items of %d", n, given)
		}
		leave()
		finish(q)
	}
}

// A client cannot give back an item with a number that it cannot have got.
func TestUngetOfAnother(t *testing.T) {
	leak.Check(t)
	for _, number := range []uint64{0, 2, 1 << 63} {
		q, err := New[int](0)
		if err != nil {
			t.Fatal(err)
		}
		q.TryPut(0)
		q.TryPut(1)
		ref, leave := stranger(q)
		body := taken(t, ref)
		binary.LittleEndian.PutUint64(body, number)
		_ = ref.Send(context.Background(), opUnget, body, nil, nil)
		broken(t, ref)
		if n := q.Len(); n != 1 {
			t.Errorf("%d items", n)
		}
		leave()
		finish(q)
	}
}

// Items that are given back keep their place, also when their next consumer has got later ones. PY-QUEUE-20
func TestUngetKeepsOrder(t *testing.T) {
	leak.Check(t)
	q, err := New[int](0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		q.TryPut(i)
	}
	ref, leave := stranger(q)
	first, second := taken(t, ref), taken(t, ref)
	if v, err := q.TryGet(); v != 2 || err != nil {
		t.Error(v, err)
	}
	for _, body := range [][]byte{first, second} { // a broker that just put each one in front would reverse them
		_ = ref.Send(context.Background(), opUnget, body, nil, nil)
	}
	if _, err := ref.Call(t.Context(), opLook, nil, nil, nil); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{0, 1, 3, 4} {
		if v, err := q.TryGet(); v != want || err != nil {
			t.Error(v, err)
		}
		if got := q.broker.got; i < 2 && got != 3 {
			t.Errorf("this process has had number 3, and now %d", got)
		}
	}
	leave()
	finish(q)
}

// sender is an object that calls what when a client opens it, so that this can send ahead. It refuses all requests.
type sender struct {
	ref  *share.Ref
	what func(c *share.Client, ref *share.Ref)
}

func (s *sender) Request(r share.Request) {
	if r.Op == opOpen {
		s.what(r.Client, s.ref)
	}
	r.Answer(ansNo, nil, nil)
}
func (s *sender) Cancel(*share.Client, uint64) bool { return false }
func (s *sender) Left(*share.Client)                {}

// A client without shared memory ignores the items that an owner sends ahead, and events of an unknown kind, and closes their
// files. PY-QUEUE-20
func TestSentUnasked(t *testing.T) {
	for name, kind := range map[string]link.Kind{"item": evItem, "items": evItems, "other": evItems + 1} {
		t.Run(name, func(t *testing.T) {
			leak.CheckUncollected(t)
			null, err := os.Open(os.DevNull)
			if err != nil {
				t.Fatal(err)
			}
			defer null.Close()
			s := &sender{what: func(c *share.Client, ref *share.Ref) {
				for range 3 {
					c.Tell(ref, kind, appendRecord(nil, []byte{1}), []*os.File{null})
				}
			}}
			s.ref = share.New("sender", s)
			ours, theirs := link.NewInProcess()
			ref := s.ref.Over(ours, theirs)
			r, err := dial(t.Context(), ref)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if it, err := r.get(ctx, ref, true, nil); err != ErrEmpty {
				t.Error(it, err)
			}
			theirs.Close()
			s.ref.Drop()
		})
	}
}
