package wire

import "reflect"

// pointerPlan writes nil or the value behind the pointer. If that may be nil as
// well, it is boxed in an array of one to keep the two apart.
type pointerPlan struct {
	elem  plan
	t     reflect.Type // what is pointed to
	boxed bool
}

func (p *pointerPlan) least() int { return 1 }

func (p *pointerPlan) encode(e *encoder, v reflect.Value) error {
	if v.IsNil() {
		return e.msg.EncodeNil()
	}
	if err := e.enter(); err != nil {
		return err
	}
	if p.boxed {
		if err := e.list(1); err != nil {
			return err
		}
	}
	if err := p.elem.encode(e, v.Elem()); err != nil {
		return err
	}
	e.leave()
	return nil
}

func (p *pointerPlan) decode(d *decoder, v reflect.Value) error {
	if null, err := d.null(); err != nil {
		return err
	} else if null {
		v.SetZero()
		return nil
	}
	if err := d.enter(); err != nil {
		return err
	}
	least := p.elem.least()
	if p.boxed {
		if err := d.exactly(1, "values behind a pointer"); err != nil {
			return err
		}
	} else {
		least-- // the first byte is the pointer's own
	}
	if err := d.claim(least); err != nil {
		return err
	}
	// A new value each time: what the pointer pointed to may be shared.
	to := reflect.New(p.t)
	if err := p.elem.decode(d, to.Elem()); err != nil {
		return err
	}
	v.Set(to.Convert(v.Type()))
	d.leave()
	return nil
}
