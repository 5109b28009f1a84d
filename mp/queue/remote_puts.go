package queue

import (
	"context"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// put puts an item, whose files stay the caller's.
func (r *remote) put(ctx context.Context, ref *share.Ref, data []byte, files []*os.File, now bool) error {
	for {
		w := r.out.write(r, ref, data, files)
		if w == byLink {
			var err error
			if w, err = r.out.send(ctx, r, ref, data, files, false); err != nil {
				return err
			}
		}
		switch w {
		case ringFull:
			m, err := call(ctx, ref, opLook, nil, nil, nil)
			m.Release()
			if err != nil {
				return err
			}
		case noRoom:
			granted, err := r.askRoom(ctx, ref, now)
			if err != nil {
				return err
			}
			if granted {
				_, err = r.out.send(ctx, r, ref, data, files, true)
				return err
			}
		default:
			return nil
		}
	}
}

// askRoom waits until there is room. Without shared memory the room is granted to the caller, otherwise to the goroutine
// that uses it first.
func (r *remote) askRoom(ctx context.Context, ref *share.Ref, now bool) (granted bool, err error) {
	granted = r.used.Uint64 == nil
	var late func(link.Msg)
	if granted {
		late = func(m link.Msg) {
			defer m.Release()
			m.CloseFiles()
			if m.Kind == ansYes { // else this would give back the room of another Put
				ref.Post(opUnroom, nil)
			}
		}
	}
	m, err := call(ctx, ref, opRoom, body(now), ErrFull, late)
	m.Release()
	return granted, err
}
