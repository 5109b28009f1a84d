package wire

import "reflect"

// plan is how values of one type are written and read. Values are addressable
// in both directions.
type plan interface {
	encode(e *encoder, v reflect.Value) error
	decode(d *decoder, v reflect.Value) error
	least() int // bytes that any value takes at least; from 1 to mostLeast
}

// leaf is a plan that needs no reflection. It also serves the types that look
// like T in memory: leaf[int] any type of kind int.
type leaf[T any] struct {
	enc func(*encoder, *T) error
	dec func(*decoder, *T) error
	min int
}

func (l *leaf[T]) encode(e *encoder, v reflect.Value) error { return l.enc(e, at[T](v)) }
func (l *leaf[T]) decode(d *decoder, v reflect.Value) error { return l.dec(d, at[T](v)) }
func (l *leaf[T]) least() int                               { return l.min }

// mostLeast is where least stops counting, so that sums of two and products with
// a length do not overflow.
const mostLeast = 1<<30 - 1

// ref stands for the plan of a type that is still being compiled: recursive
// types reach themselves through it.
type ref struct{ to plan }

func (r *ref) encode(e *encoder, v reflect.Value) error { return r.to.encode(e, v) }
func (r *ref) decode(d *decoder, v reflect.Value) error { return r.to.decode(d, v) }

func (r *ref) least() int { return r.to.least() }

// measure sets the least of p and of the structs and arrays that are part of its
// values. It ends because no struct or array is part of itself. It must be called
// before the plans are published and after all refs in them are resolved: a ref
// may stand for a struct or an array, whose least must not depend on which type
// was compiled first.
func measure(p plan) int {
	switch p := p.(type) {
	case *ref:
		return measure(p.to)
	case *structPlan:
		p.measure()
	case *arrayPlan:
		p.measure()
	}
	return p.least()
}

// nilable reports whether values of type t may be written as nil.
func nilable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface, reflect.Func, reflect.Chan:
		return true
	}
	return false
}

// headerLen is how many bytes the header of an array or map of n elements takes.
func headerLen(n int) int {
	switch {
	case n < 16:
		return 1
	case n < 1<<16:
		return 3
	}
	return 5
}
