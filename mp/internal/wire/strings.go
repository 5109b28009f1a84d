package wire

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
)

// A []string is packed: count, uvarint lengths, all the text. Decoding it takes
// two allocations instead of one per string.

func encodeStrings(e *encoder, p *[]string) error {
	if *p == nil {
		return e.msg.EncodeNil()
	}
	lengths, text := 0, 0
	for _, s := range *p {
		lengths += (bits.Len(uint(len(s))|1) + 6) / 7
		if text += len(s); text < 0 {
			return errors.New("the strings are too long together")
		}
	}
	for _, n := range [...]int{len(*p), lengths, text} {
		if err := fits(n); err != nil {
			return err
		}
	}
	if err := e.msg.EncodeUint(uint64(len(*p))); err != nil {
		return err
	}
	if err := e.msg.EncodeBytesLen(lengths); err != nil {
		return err
	}
	b := e.out.b
	b.Data = slices.Grow(b.Data, lengths+text+5)
	for _, s := range *p {
		b.Data = binary.AppendUvarint(b.Data, uint64(len(s)))
	}
	if err := e.msg.EncodeBytesLen(text); err != nil {
		return err
	}
	for _, s := range *p {
		b.Data = append(b.Data, s...)
	}
	return nil
}

func decodeStrings(d *decoder, p *[]string) error {
	if null, err := d.null(); err != nil {
		return err
	} else if null {
		*p = nil
		return nil
	}
	n, err := d.uint()
	if err != nil {
		return err
	}
	lengths, err := d.bytes()
	if err != nil {
		return err
	}
	if n > uint64(len(lengths)) {
		return errStrings
	}
	b, err := d.bytes()
	if err != nil {
		return err
	}
	text := string(b)
	out := resize(*p, int(n))
	for i := range out {
		var size uint64
		var w int
		if len(lengths) > 0 && lengths[0] < 0x80 { // short, as most are
			size, w = uint64(lengths[0]), 1
		} else {
			size, w = binary.Uvarint(lengths)
		}
		if w <= 0 || size > uint64(len(text)) {
			return inElement(i, errStrings)
		}
		out[i], text, lengths = text[:size], text[size:], lengths[w:]
	}
	if len(lengths) > 0 || len(text) > 0 {
		return errStrings
	}
	*p = out
	return nil
}

var errStrings = errors.New("the lengths of the strings do not add up")
