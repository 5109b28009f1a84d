package wire

import "reflect"

// The common maps without reflection, in the form of mapPlan.

// leastPair is how many bytes a string and a string or an any take at least.
const leastPair = 2

func encodeDict[V any](enc func(*encoder, *V) error) func(*encoder, *map[string]V) error {
	floor := mapFloor(reflect.TypeFor[string](), reflect.TypeFor[V]())
	return func(e *encoder, p *map[string]V) error {
		if *p == nil {
			return e.msg.EncodeNil()
		}
		if err := e.enter(); err != nil {
			return err
		}
		n := len(*p)
		if err := e.dict(n); err != nil {
			return err
		}
		written := 0
		for k, v := range *p {
			if err := e.text(k); err != nil {
				return within("[key]", err)
			}
			if err := enc(e, &v); err != nil {
				return within(textStep(k), err)
			}
			written++
		}
		if written != n {
			return errMapChanged
		}
		e.pad(padding(n, leastPair, floor))
		e.leave()
		return nil
	}
}

func decodeDict[V any](dec func(*decoder, *V) error) func(*decoder, *map[string]V) error {
	floor := mapFloor(reflect.TypeFor[string](), reflect.TypeFor[V]())
	return func(d *decoder, p *map[string]V) error {
		if null, err := d.null(); err != nil {
			return err
		} else if null {
			*p = nil
			return nil
		}
		if err := d.enter(); err != nil {
			return err
		}
		n, err := d.dict(leastPair, floor)
		if err != nil {
			return err
		}
		out := make(map[string]V, n)
		for range n {
			k, err := d.text()
			if err != nil {
				return within("[key]", err)
			}
			var v V
			if err := dec(d, &v); err != nil {
				return within(textStep(k), err)
			}
			out[k] = v
		}
		if len(out) != n {
			return errSameKey
		}
		if err := d.pad(padding(n, leastPair, floor)); err != nil {
			return err
		}
		*p = out
		d.leave()
		return nil
	}
}
