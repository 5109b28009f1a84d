package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The idx format is a header (two zero bytes, the element type, the number of
// dimensions, then each dimension as a big-endian uint32) and the elements.
const (
	idxUint8    = 0x08    // the only element type that Fashion-MNIST uses
	idxMaxItems = 1 << 20 // well above 60,000, and small enough that sizes cannot overflow
)

// readIdx reads a gzipped idx stream of bytes whose items have the given
// shape: 28, 28 for images, nothing for labels. It returns the elements and
// the number of items.
func readIdx(r io.Reader, shape ...int) (elements []byte, items int, err error) {
	unzipped, err := gzip.NewReader(r)
	if err != nil {
		return nil, 0, fmt.Errorf("idx: %w", err)
	}
	header := make([]byte, 4*(2+len(shape)))
	if _, err := io.ReadFull(unzipped, header); err != nil {
		return nil, 0, fmt.Errorf("idx: header: %w", err)
	}
	if magic := []byte{0, 0, idxUint8, byte(1 + len(shape))}; !bytes.HasPrefix(header, magic) {
		return nil, 0, fmt.Errorf("idx: magic is % x, not % x", header[:4], magic)
	}
	n := binary.BigEndian.Uint32(header[4:])
	if n > idxMaxItems {
		return nil, 0, fmt.Errorf("idx: %d items are more than %d", n, idxMaxItems)
	}
	size := int64(n)
	for d, want := range shape {
		if got := binary.BigEndian.Uint32(header[8+4*d:]); got != uint32(want) {
			return nil, 0, fmt.Errorf("idx: dimension %d is %d, not %d", d+1, got, want)
		}
		size *= int64(want)
	}
	// ReadAll allocates only for bytes that arrive: a header that promises too much
	// costs no memory. The one byte more than size reveals a stream that is too
	// long, and has gzip check its checksum at the end.
	elements, err = io.ReadAll(io.LimitReader(unzipped, size+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || err == nil && int64(len(elements)) < size:
		return nil, 0, fmt.Errorf("idx: %d bytes where the header promises %d: %w", len(elements), size, io.ErrUnexpectedEOF)
	case err != nil:
		return nil, 0, fmt.Errorf("idx: %w", err)
	case int64(len(elements)) > size:
		return nil, 0, fmt.Errorf("idx: more than the %d bytes that the header promises", size)
	}
	return elements, int(n), nil
}
