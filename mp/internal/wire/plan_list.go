package wire

import "reflect"

// slicePlan writes slices whose elements are not simply memory.
type slicePlan struct {
	t    reflect.Type
	elem plan
}

func (s *slicePlan) least() int { return 1 }

func (s *slicePlan) encode(e *encoder, v reflect.Value) error {
	if v.IsNil() {
		return e.msg.EncodeNil()
	}
	if err := e.enter(); err != nil {
		return err
	}
	if err := e.list(v.Len()); err != nil {
		return err
	}
	for i := range v.Len() {
		if err := s.elem.encode(e, v.Index(i)); err != nil {
			return inElement(i, err)
		}
	}
	e.leave()
	return nil
}

func (s *slicePlan) decode(d *decoder, v reflect.Value) error {
	if null, err := d.null(); err != nil {
		return err
	} else if null {
		v.SetZero()
		return nil
	}
	if err := d.enter(); err != nil {
		return err
	}
	n, err := d.list(s.elem.least())
	if err != nil {
		return err
	}
	room := s.room(d, n)
	v.Set(reflect.MakeSlice(s.t, room, room))
	for i := range n {
		if i == v.Len() {
			v.Grow(1)
			v.SetLen(min(v.Cap(), n))
		}
		if err := s.elem.decode(d, v.Index(i)); err != nil {
			return inElement(i, err)
		}
	}
	d.leave()
	return nil
}

// room is how many of n elements to allocate at once: all of them, unless the
// elements are large in memory though small on the wire; then as many as the
// bytes that are left justify, and more as they turn out to be there.
func (s *slicePlan) room(d *decoder, n int) int {
	size := int64(s.t.Elem().Size())
	if size == 0 {
		return n
	}
	return int(min(int64(n), 1+32*int64(d.in.left())/size))
}

// arrayPlan is the same for arrays; their length is part of the type.
type arrayPlan struct {
	n    int
	elem plan
	min  int // 0: not measured yet
}

func (a *arrayPlan) least() int { return a.min }

func (a *arrayPlan) measure() {
	if a.min > 0 {
		return
	}
	least := int64(headerLen(a.n)) + int64(min(a.n, mostLeast))*int64(measure(a.elem))
	a.min = int(min(least, mostLeast))
}

func (a *arrayPlan) encode(e *encoder, v reflect.Value) error {
	if err := e.list(a.n); err != nil {
		return err
	}
	for i := range a.n {
		if err := a.elem.encode(e, v.Index(i)); err != nil {
			return inElement(i, err)
		}
	}
	return nil
}

func (a *arrayPlan) decode(d *decoder, v reflect.Value) error {
	if err := d.exactly(a.n, "elements"); err != nil {
		return err
	}
	for i := range a.n {
		if err := a.elem.decode(d, v.Index(i)); err != nil {
			return inElement(i, err)
		}
	}
	return nil
}
