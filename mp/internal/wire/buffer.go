package wire

import (
	"os"
	"slices"
)

// Buffer is a message being written: bytes, and the files that travel beside
// them. The zero value is ready for use.
type Buffer struct {
	Data  []byte
	Files []*os.File

	// Place, unless it is nil, is called with the memory of each slice of numbers
	// that is to be written, unless it is empty. If it returns true, the receiver has
	// that memory, too: the message only says where, and the receiver has to use
	// [Codec.DecodeShared].
	Place func(memory []byte) (Ref, bool)

	lent       []*os.File // the Files that [Keep] has added
	holders    []any      // what keeps those open that [Lend] has added
	passengers []passenger
}

// Write appends p; it never fails.
func (b *Buffer) Write(p []byte) (int, error) {
	b.Data = append(b.Data, p...)
	return len(p), nil
}

// WriteByte appends c; it never fails.
func (b *Buffer) WriteByte(c byte) error {
	b.Data = append(b.Data, c)
	return nil
}

// Reset empties the buffer for the next message and keeps its capacity.
func (b *Buffer) Reset() { b.Truncate(0, 0) }

// Truncate cuts back to an earlier state. The dropped files are cleared, so
// that an idle buffer keeps none of them from being collected. It calls Kept of
// the passengers in the dropped part.
func (b *Buffer) Truncate(data, files int) {
	b.disembark(files)
	b.Data = b.Data[:data]
	clear(b.Files[files:])
	b.Files = b.Files[:files]
	if files == 0 {
		clear(b.lent)
		clear(b.holders)
		b.lent, b.holders = b.lent[:0], b.holders[:0]
	}
}

// CloseFiles closes the files of a message that was sent, except those that were
// lent, and drops them all.
func (b *Buffer) CloseFiles() {
	for _, f := range b.Files {
		if !slices.Contains(b.lent, f) {
			f.Close()
		}
	}
	b.Files, b.lent, b.holders = nil, nil, nil
}
