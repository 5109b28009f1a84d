package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// scan checks that p is a sequence of whole msgpack values whose lengths fit in p
// and which nest no deeper than maxDepth: msgpack's own decoder allocates what a
// header declares and recurses as deep as the values nest.
//
// Where that decoder expects a map and finds an ext value, it skips the ext's
// header and takes the content for the header of a map, with a count that scan
// has not checked. traps are the offsets at which it would read that count. No
// other read begins there.
func scan(p []byte) (traps []int, err error) {
	var open []int // how many values are still to come, per level
	for off := 0; off < len(p); {
		size, values, err := head(p[off:])
		if err != nil {
			return nil, err
		}
		if size > len(p)-off || values > len(p)-off-size {
			return nil, fmt.Errorf("a length exceeds the %d bytes that are left", len(p)-off)
		}
		if at := extContent(p[off]); 0 < at && at < size {
			if c := p[off+at]; c == msgpcode.Map16 || c == msgpcode.Map32 {
				traps = append(traps, off+at+1)
			}
		}
		off += size
		if values > 0 {
			if len(open) == maxDepth {
				return nil, errTooDeep
			}
			open = append(open, values)
			continue
		}
		for len(open) > 0 {
			open[len(open)-1]--
			if open[len(open)-1] > 0 {
				break
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return traps, nil
}

// head measures the value that p begins with: its bytes without the values it
// contains, and how many those are.
func head(p []byte) (size, values int, err error) {
	c := p[0]
	switch {
	case msgpcode.IsFixedNum(c), c == msgpcode.Nil, c == msgpcode.False, c == msgpcode.True:
		return 1, 0, nil
	case msgpcode.IsFixedString(c):
		return 1 + int(c&msgpcode.FixedStrMask), 0, nil
	case msgpcode.IsFixedArray(c):
		return 1, int(c & msgpcode.FixedArrayMask), nil
	case msgpcode.IsFixedMap(c):
		return 1, 2 * int(c&msgpcode.FixedMapMask), nil
	case msgpcode.IsFixedExt(c):
		return 2 + 1<<(c-msgpcode.FixExt1), 0, nil
	}
	switch c {
	case msgpcode.Uint8, msgpcode.Int8:
		return 2, 0, nil
	case msgpcode.Uint16, msgpcode.Int16:
		return 3, 0, nil
	case msgpcode.Uint32, msgpcode.Int32, msgpcode.Float:
		return 5, 0, nil
	case msgpcode.Uint64, msgpcode.Int64, msgpcode.Double:
		return 9, 0, nil
	}
	var n uint64
	width := 0
	switch c {
	case msgpcode.Str8, msgpcode.Bin8, msgpcode.Ext8:
		width = 1
	case msgpcode.Str16, msgpcode.Bin16, msgpcode.Ext16, msgpcode.Array16, msgpcode.Map16:
		width = 2
	case msgpcode.Str32, msgpcode.Bin32, msgpcode.Ext32, msgpcode.Array32, msgpcode.Map32:
		width = 4
	default:
		return 0, 0, fmt.Errorf("code 0x%02x does not exist", c)
	}
	if len(p) < 1+width {
		return 0, 0, io.ErrUnexpectedEOF
	}
	switch width {
	case 1:
		n = uint64(p[1])
	case 2:
		n = uint64(binary.BigEndian.Uint16(p[1:]))
	case 4:
		n = uint64(binary.BigEndian.Uint32(p[1:]))
	}
	if n > uint64(len(p)) {
		return 0, 0, fmt.Errorf("length %d exceeds the %d bytes that are left", n, len(p)-1-width)
	}
	switch size = 1 + width; c {
	case msgpcode.Array16, msgpcode.Array32:
		return size, int(n), nil
	case msgpcode.Map16, msgpcode.Map32:
		if n > uint64(len(p))/2 {
			return 0, 0, errors.New("more entries than bytes")
		}
		return size, 2 * int(n), nil
	case msgpcode.Ext8, msgpcode.Ext16, msgpcode.Ext32:
		size++ // the ext's type
	}
	return size + int(n), 0, nil
}

// extContent returns where the content begins in an ext value of that code; 0 if
// the code is not that of an ext value.
func extContent(code byte) int {
	switch {
	case msgpcode.IsFixedExt(code):
		return 2
	case code == msgpcode.Ext8:
		return 3
	case code == msgpcode.Ext16:
		return 4
	case code == msgpcode.Ext32:
		return 6
	}
	return 0
}
