package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// timeExt is msgpack's ext type for timestamps.
const timeExt = -1

var timePlan = &leaf[time.Time]{encodeTime, decodeTime, 6}

func encodeTime(e *encoder, p *time.Time) error { return e.msg.EncodeTime(*p) }

// decodeTime reads only what encodeTime writes; msgpack would take arrays and
// strings as well.
func decodeTime(d *decoder, p *time.Time) error {
	c, err := d.code()
	if err != nil {
		return err
	}
	if !msgpcode.IsExt(c) {
		return bad(c, "a time")
	}
	id, n, err := d.msg.DecodeExtHeader()
	if n, err = d.length(n, err, 1); err != nil {
		return err
	}
	if id != timeExt {
		return fmt.Errorf("found ext type %d instead of a time", id)
	}
	var sec, nsec uint64
	switch b := d.in.next(n); n {
	case 4:
		sec = uint64(binary.BigEndian.Uint32(b))
	case 8:
		x := binary.BigEndian.Uint64(b)
		sec, nsec = x&(1<<34-1), x>>34
	case 12:
		sec, nsec = binary.BigEndian.Uint64(b[4:]), uint64(binary.BigEndian.Uint32(b))
	default:
		return fmt.Errorf("found a time of %d bytes", n)
	}
	if nsec >= uint64(time.Second) {
		return errors.New("found a time with more than a second of nanoseconds")
	}
	if *p = time.Unix(int64(sec), int64(nsec)); p.IsZero() {
		*p = time.Time{} // so that == holds
	}
	return nil
}
