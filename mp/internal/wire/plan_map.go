package wire

import (
	"errors"
	"reflect"
)

var (
	errMapChanged = errors.New("the map changed while it was encoded")
	errSameKey    = errors.New("two entries have the same key")
)

// mapFloor returns how many bytes the entries of a map that is not empty take at
// least on the wire, with padding. They are claimed for the memory that Go
// allocates for the first entry: a header and a group of eight slots. Keys and
// values above 128 bytes lie outside of their slot.
func mapFloor(key, elem reflect.Type) int {
	const header, group, slots, inline, ratio = 48, 8, 8, 128, 48
	memory := header + group
	slot, align := 0, 1
	for _, t := range [...]reflect.Type{key, elem} {
		size := int(min(t.Size(), 1<<20))
		memory += size // the copy that decoding works on
		if size > inline {
			memory += size
			size = 8
		}
		slot += size
		align = max(align, t.Align())
	}
	memory += slots * ((slot + align - 1) / align * align)
	return min((memory+ratio-1)/ratio, 64)
}

// padding returns how many zeros follow the n entries of a map, so that there are
// floor bytes. Each entry counts as least bytes only: those beyond may be claimed
// for maps inside the entry.
func padding(n, least, floor int) int {
	if n == 0 {
		return 0
	}
	return int(max(int64(floor)-int64(n)*int64(least), 0))
}

// mapPlan writes maps of any type. Keys and values are copied, since those
// inside a map have no address.
type mapPlan struct {
	t         reflect.Type
	key, elem plan
	floor     int
}

func (m *mapPlan) least() int { return 1 }

// pair is how many bytes an entry takes at least.
func (m *mapPlan) pair() int { return m.key.least() + m.elem.least() }

func (m *mapPlan) encode(e *encoder, v reflect.Value) error {
	if v.IsNil() {
		return e.msg.EncodeNil()
	}
	if err := e.enter(); err != nil {
		return err
	}
	n := v.Len()
	if err := e.dict(n); err != nil {
		return err
	}
	if n > 0 {
		if err := m.entries(e, v, n); err != nil {
			return err
		}
	}
	e.leave()
	return nil
}

func (m *mapPlan) entries(e *encoder, v reflect.Value, n int) error {
	zeros := padding(n, m.pair(), m.floor)
	key, elem := reflect.New(m.t.Key()).Elem(), reflect.New(m.t.Elem()).Elem()
	for it := v.MapRange(); it.Next(); n-- {
		key.SetIterKey(it)
		elem.SetIterValue(it)
		if err := m.key.encode(e, key); err != nil {
			return within("[key]", err)
		}
		if err := m.elem.encode(e, elem); err != nil {
			return within(keyStep(key), err)
		}
	}
	if n != 0 {
		return errMapChanged
	}
	e.pad(zeros)
	return nil
}

func (m *mapPlan) decode(d *decoder, v reflect.Value) error {
	if null, err := d.null(); err != nil {
		return err
	} else if null {
		v.SetZero()
		return nil
	}
	if err := d.enter(); err != nil {
		return err
	}
	n, err := d.dict(m.pair(), m.floor)
	if err != nil {
		return err
	}
	out := reflect.MakeMapWithSize(m.t, n)
	if n > 0 {
		if err := m.fill(d, out, n); err != nil {
			return err
		}
	}
	v.Set(out)
	d.leave()
	return nil
}

func (m *mapPlan) fill(d *decoder, out reflect.Value, n int) error {
	key, elem := reflect.New(m.t.Key()).Elem(), reflect.New(m.t.Elem()).Elem()
	for range n {
		key.SetZero()
		elem.SetZero() // so that no entry reuses the memory of another
		if err := m.key.decode(d, key); err != nil {
			return within("[key]", err)
		}
		if err := m.elem.decode(d, elem); err != nil {
			return within(keyStep(key), err)
		}
		out.SetMapIndex(key, elem)
	}
	if out.Len() != n {
		return errSameKey
	}
	return d.pad(padding(n, m.pair(), m.floor))
}
