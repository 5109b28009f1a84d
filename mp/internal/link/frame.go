package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// A frame is a header and a body. All numbers are little-endian: both ends are the same program on one machine.
//
//	 0        4      5       6        8            16               24
//	+--------+------+-------+--------+------------+----------------+------
//	| magic  | kind | flags | files  | id         | body length    | body
//	+--------+------+-------+--------+------------+----------------+------
const (
	headerSize = 24
	magic      = 0x3146504d // "MPF1": a stream that is out of step is noticed at once
	// MaxFiles bounds the files of one message: the system sends them with the bytes of the header.
	MaxFiles = headerSize * sys.FilesPerByte

	flagUrgent = 1 << 0 // sent with Urge
	flagSlab   = 1 << 1 // about a slab: for the link itself, not for its user
	knownFlags = flagUrgent | flagSlab
)

var errCorrupt = errors.New("the peer sent bytes that are no message")

type header struct {
	kind   Kind
	flags  byte
	files  int
	id     uint64
	length int
}

func appendHeader(b []byte, h header) []byte {
	b = binary.LittleEndian.AppendUint32(b, magic)
	b = append(b, byte(h.kind), h.flags)
	b = binary.LittleEndian.AppendUint16(b, uint16(h.files))
	b = binary.LittleEndian.AppendUint64(b, h.id)
	return binary.LittleEndian.AppendUint64(b, uint64(h.length))
}

// parseHeader reads a header from the front of b, which holds at least headerSize bytes.
func parseHeader(b []byte) (header, error) {
	h := header{
		kind:  Kind(b[4]),
		flags: b[5],
		files: int(binary.LittleEndian.Uint16(b[6:])),
		id:    binary.LittleEndian.Uint64(b[8:]),
	}
	length := binary.LittleEndian.Uint64(b[16:])
	switch {
	case binary.LittleEndian.Uint32(b) != magic || h.flags&^knownFlags != 0:
		return header{}, errCorrupt
	case h.files > MaxFiles:
		return header{}, fmt.Errorf("%w: it announces %d files", errCorrupt, h.files)
	case h.files > 0 && h.flags == flagUrgent:
		return header{}, fmt.Errorf("%w: it is urged, and announces %d files", errCorrupt, h.files)
	case length > math.MaxInt-headerSize:
		return header{}, fmt.Errorf("%w: it announces %d bytes", errCorrupt, length)
	}
	h.length = int(length)
	return h, nil
}
