package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// Ref is the place of a slice of numbers in memory that both ends of a message
// share: Length bytes of segment Segment, from Offset on. The two ends agree on
// what the segments are.
type Ref struct {
	Segment uint32
	Offset  uint64
	Length  uint32 // never 0
}

// refExt is the ext type of a Ref. Its content is the bytes of the fields.
const refExt = 78

const refLen = 2 + 4 + 8 + 4

var errNoMemory = errors.New("found a reference to memory in common, of which this message has none")

// numbers writes the memory of a slice of numbers, or a reference to it.
func (e *encoder) numbers(p []byte) error {
	if place := e.out.b.Place; place != nil && len(p) > 0 {
		if err := fits(len(p)); err != nil {
			return err
		}
		if r, ok := place(p); ok {
			e.reference(r)
			return nil
		}
	}
	return e.bytes(p)
}

func (e *encoder) reference(r Ref) {
	data := append(e.out.b.Data, msgpcode.FixExt16, refExt)
	data = binary.BigEndian.AppendUint32(data, r.Segment)
	data = binary.BigEndian.AppendUint64(data, r.Offset)
	e.out.b.Data = binary.BigEndian.AppendUint32(data, r.Length)
}

// reference reads a Ref. The caller has seen the code of an ext value of 16 bytes.
func (d *decoder) reference() (r Ref, err error) {
	if d.resolve == nil {
		return r, errNoMemory
	}
	if _, err := d.length(refLen, nil, 1); err != nil {
		return r, err
	}
	p := d.in.next(refLen)
	if p[1] != refExt {
		return r, fmt.Errorf("found ext type %d instead of a reference to memory", int8(p[1]))
	}
	r.Segment = binary.BigEndian.Uint32(p[2:])
	r.Offset = binary.BigEndian.Uint64(p[6:])
	r.Length = binary.BigEndian.Uint32(p[14:])
	return r, nil
}

// decodeReference makes *p the memory that the reference stands for.
func decodeReference[N number](d *decoder, p *[]N) error {
	r, err := d.reference()
	if err != nil {
		return err
	}
	t := reflect.TypeFor[N]()
	switch size, align := uint32(t.Size()), uint64(t.Align()); {
	case r.Length == 0:
		return errors.New("found a reference to no memory")
	case r.Length%size != 0:
		return fmt.Errorf("%d bytes do not divide into elements of %d", r.Length, size)
	case r.Offset%align != 0:
		return fmt.Errorf("elements of %d bytes cannot begin at offset %d", size, r.Offset)
	}
	b, err := d.resolve(r)
	if err != nil {
		return err
	}
	*p = numbers[N](b)
	return nil
}
