package pool

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// The pool ends a worker that does not keep to the protocol. The worker cannot settle items that are not its own, nor break
// the pool.
func TestHostileWorkers(t *testing.T) {
	for name, hostile := range map[string]func(s *stage, id uint64){
		"answers without a start": func(s *stage, id uint64) { s.answer(id, 0, 1) },
		"starts another item":     func(s *stage, id uint64) { s.started(id + 1) },
		"starts an unknown item":  func(s *stage, id uint64) { s.started(1 << 60) },
		"starts twice":            func(s *stage, id uint64) { s.started(id); s.started(id) },
		"answers another item":    func(s *stage, id uint64) { s.started(id); s.answer(id+1, 0, 1) },
		"goes on elsewhere":       func(s *stage, id uint64) { s.started(id); s.answer(id, id+3, 0) },
		"goes on nowhere":         func(s *stage, id uint64) { s.started(id); s.answer(id, 1<<63, 0) },
		"answers shortly": func(s *stage, id uint64) {
			s.started(id)
			s.link.Send(link.Msg{Kind: kindResult, ID: id, Body: []byte{1}})
		},
		"sends an unknown kind": func(s *stage, id uint64) { s.link.Send(link.Msg{Kind: 200}) },
		"is ready once more":    func(s *stage, id uint64) { s.link.Send(link.Msg{Kind: kindReady}) },
		"sends a task":          func(s *stage, id uint64) { s.link.Send(link.Msg{Kind: kindTask, ID: id}) },
		"stops within a chunk":  func(s *stage, id uint64) { s.started(id); s.answer(id, 0, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			got, errs, _ := play(t, func(s *stage) {
				id, _ := s.task()
				hostile(s, id)
				for { // it does not leave by itself
					if _, err := s.link.Recv(); err != nil {
						return
					}
				}
			})
			// At most the first item is lost, and everything else is right.
			if want := []int{10, 20, 30, 40, 50}; !slices.Equal(got[1:], want) || len(errs) > 1 {
				t.Errorf("%v, %v", got, errs)
			}
		})
	}
}

// An answer that cannot be read fails only its own item.
func TestUnreadableAnswers(t *testing.T) {
	for name, answer := range map[string]struct {
		kind link.Kind
		body []byte
	}{
		"a failure":       {kindFailure, []byte{0xc1, 0xff}},
		"an empty result": {kindResult, nil},
		"a long result":   {kindResult, []byte{0xdd, 0xff, 0xff, 0xff, 0xff}},
		"a longer result": {kindResult, []byte{1, 1, 1, 1, 1, 1, 1, 1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			got, errs, _ := play(t, func(s *stage) {
				id, h := s.task()
				s.started(id)
				b := wire.Buffer{Data: make([]byte, answerSize)}
				(&answerHeader{next: id + 1, count: 1}).put(b.Data)
				if answer.kind == kindResult {
					start, files := beginItem(&b)
					b.Data = append(b.Data, answer.body...)
					endItem(&b, start, files)
				} else {
					b.Data = append(b.Data, answer.body...)
				}
				s.link.Send(link.Msg{Kind: answer.kind, ID: id, Body: b.Data})
				for i := uint64(1); i < uint64(h.count)-1; i++ {
					s.answer(id+i, id+i+1, int(10*i))
				}
				s.answer(id+uint64(h.count)-1, 0, 50)
				s.task()
			})
			if want := []int{10, 20, 30, 40, 50}; !slices.Equal(got[1:], want) || len(errs) != 1 {
				t.Errorf("%v, %v", got, errs)
			}
		})
	}
}

// A worker does not trust the pool either: it ends with an error when a message is malformed.
func TestHostilePool(t *testing.T) {
	item := func(n, size uint64, body ...byte) []byte {
		b := (&taskHeader{count: 1}).append(nil)
		return append(binary.LittleEndian.AppendUint64(b, n<<filesShift|size), body...)
	}
	for name, m := range map[string]link.Msg{
		"no header":         {Kind: kindTask, Body: []byte{1, 2}},
		"no items":          {Kind: kindTask, Body: (&taskHeader{count: 5}).append(nil)},
		"a long item":       {Kind: kindTask, Body: item(0, 1<<47)},
		"files from nobody": {Kind: kindTask, Body: item(7, 0)},
		"a short cancel":    {Kind: kindCancel, Body: []byte{1}},
		"an unknown kind":   {Kind: 99},
	} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := link.NewInProcess()
			defer ours.Close()
			if m.Kind == kindTask {
				ours.Send(m)
			} else {
				ours.Urge(m)
			}
			err := newServer(theirs, false).serve(func(context.Context) *spawn.Failure { return nil })
			if err == nil || errors.Is(err, errGone) {
				t.Errorf("%v", err)
			}
		})
	}
}

// A worker answers a task for a function that is not registered with a failure, and goes on.
func TestUnknownFunction(t *testing.T) {
	ours, theirs := link.NewInProcess()
	body := (&taskHeader{function: 1 << 30, count: 1}).append(nil)
	body = append(body, make([]byte, itemHeaderSize)...)
	ours.Send(link.Msg{Kind: kindTask, ID: 1, Body: body})
	ended := make(chan error)
	go func() { ended <- newServer(theirs, false).serve(func(context.Context) *spawn.Failure { return nil }) }()
	for kind := kindReady; kind != kindFailure; {
		m, err := ours.Recv()
		if err != nil {
			t.Fatal(err)
		}
		kind = m.Kind
	}
	ours.Close()
	if err := <-ended; !errors.Is(err, errGone) {
		t.Error(err)
	}
}

func FuzzTask(f *testing.F) {
	f.Add([]byte(nil))
	f.Add((&taskHeader{count: 3}).append(nil))
	f.Add(append((&taskHeader{count: 1}).append(nil), make([]byte, itemHeaderSize)...))
	f.Fuzz(func(t *testing.T, body []byte) {
		h, items, err := parseTask(body)
		for range min(h.count, 1000) {
			if err != nil {
				return
			}
			var arg []byte
			arg, _, items, _, err = cutItem(items, nil)
			if err == nil && len(arg)+len(items) > len(body) {
				t.Fatal("an item grew")
			}
		}
	})
}
