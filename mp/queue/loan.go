package queue

import (
	"bytes"
	"context"
	"encoding/binary"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// loan is an item in the hands of this process. Its files are ours.
type loan struct {
	item
	back int // how often it has come back before
}

// borrow gets an item of our own.
func (b *broker) borrow(ctx context.Context, now bool) (loan, error) {
	it, err := b.get(ctx, now)
	if err != nil {
		return loan{}, err
	}
	files, err := link.Dup(it.files)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.settleItem(nil, opLate, it.number)
		return loan{}, err
	}
	it.files = files
	return loan{it, b.hands.back[it.number]}, nil
}

// borrow gets an item of another process.
func (r *remote) borrow(ctx context.Context, ref *share.Ref, never bool) (l loan, err error) {
	m, err := call(ctx, ref, opGet, append(make([]byte, 8), body(never)...), ErrEmpty, func(m link.Msg) {
		if m.Kind == ansItem && len(m.Body) >= lendHeader {
			ref.Post(opLate, m.Body[:8])
		}
		m.CloseFiles()
		m.Release()
	})
	if err != nil {
		return l, err
	}
	defer m.Release()
	if m.Kind != ansItem || len(m.Body) < lendHeader {
		m.CloseFiles()
		return l, errItems
	}
	back := int(binary.LittleEndian.Uint64(m.Body[8:]))
	err = splitItems(bytes.Clone(m.Body[lendHeader:]), m.Files, func(it item) { l = loan{it, back} })
	l.number = number(m.Body)
	return l, err
}
