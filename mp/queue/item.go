package queue

import (
	"encoding/binary"
	"errors"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
)

// item is an encoded value.
type item struct {
	data   []byte
	files  []*os.File
	number uint64 // in the order in which the broker has got them
}

// Items travel one behind the other, each with a header: the length of its bytes and the number of its files.
const itemHeader = 8

var errItems = errors.New("the items are damaged")

func appendItem(b []byte, files []*os.File, it item) ([]byte, []*os.File) {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(it.data)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(it.files)))
	return append(b, it.data...), append(files, it.files...)
}

// splitItems hands out the items that b and files hold. The files of those that are damaged are closed.
func splitItems(b []byte, files []*os.File, each func(item)) error {
	for len(b) > 0 {
		if len(b) < itemHeader {
			link.CloseAll(files)
			return errItems
		}
		n, count := uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[4:]))
		b = b[itemHeader:]
		if n > uint64(len(b)) || count > uint64(len(files)) {
			link.CloseAll(files)
			return errItems
		}
		it := item{data: b[:n:n]}
		if count > 0 {
			it.files, files = files[:count:count], files[count:]
		}
		b = b[n:]
		each(it)
	}
	if len(files) > 0 {
		link.CloseAll(files)
		return errItems
	}
	return nil
}

// arena keeps the bytes of small items together.
type arena struct{ free []byte }

const arenaSize = 64 << 10

// keep returns a copy of b.
func (a *arena) keep(b []byte) []byte {
	if len(b) > arenaSize/4 {
		return append([]byte(nil), b...)
	}
	if len(b) > cap(a.free)-len(a.free) {
		a.free = make([]byte, 0, arenaSize)
	}
	n := len(a.free)
	a.free = append(a.free, b...)
	return a.free[n:len(a.free):len(a.free)]
}
