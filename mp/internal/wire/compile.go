package wire

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"
)

// compiled holds the plans of all types that were compiled without an error.
var compiled sync.Map // reflect.Type -> plan

// special returns the plan of a type that has one of its own; nil for the others.
func special(t reflect.Type) plan {
	switch t {
	case reflect.TypeFor[time.Time]():
		return timePlan
	case reflect.TypeFor[error]():
		return errorPlan
	}
	return nil
}

// exact returns the plan of a type for which there is a faster one than its shape gives; nil for the others.
func exact(t reflect.Type) plan {
	switch t {
	case reflect.TypeFor[[]any]():
		return &leaf[[]any]{encodeAnys, decodeAnys, 1}
	case reflect.TypeFor[map[string]any]():
		return &leaf[map[string]any]{encodeDict(encodeAny), decodeDict(decodeAny), 1}
	case reflect.TypeFor[map[string]string]():
		return &leaf[map[string]string]{encodeDict(encodeString), decodeDict(decodeString), 1}
	}
	return nil
}

var anyPlan = &leaf[any]{encodeAny, decodeAny, 1}

// compiler compiles one type with all it contains. Nothing is published before
// the end: until then plans refer to others that are unfinished.
type compiler struct {
	plans map[reflect.Type]*ref
}

func compile(t reflect.Type) (plan, error) {
	c := &compiler{plans: map[reflect.Type]*ref{}}
	p, err := c.plan(t, place{path: rootName(t)})
	if err != nil {
		return nil, err
	}
	for _, r := range c.plans {
		measure(r)
	}
	for t, r := range c.plans {
		compiled.Store(t, r.to)
	}
	return p, nil
}

// place is where in the type the compiler is, for its errors.
type place struct {
	path  string
	owner reflect.Type // the struct that holds the field at path, or nil
}

func (at place) inside(step string) place { return place{at.path + step, at.owner} }

// refuse returns the error for what stands at the place; use says what to
// declare instead, if anything.
func (at place) refuse(what, use string) error {
	var ways []string
	if use != "" {
		ways = append(ways, use)
	}
	if at.owner != nil {
		ways = append(ways, "tag it `msgpack:\"-\"`", ownWay(at.owner))
	}
	s := at.path + " is " + what + " and cannot be sent to another process"
	if len(ways) > 0 {
		s += ": " + choice(ways)
	}
	return fmt.Errorf("%s", s)
}

func ownWay(t reflect.Type) string {
	return "give " + rootName(t) + " its own codec (EncodeMsgpack/DecodeMsgpack, MarshalBinary or MarshalText)"
}

func choice(ways []string) string {
	last := len(ways) - 1
	if last == 0 {
		return ways[0]
	}
	s := strings.Join(ways[:last], ", ")
	if last > 1 {
		s += ","
	}
	return s + " or " + ways[last]
}

func (c *compiler) plan(t reflect.Type, at place) (plan, error) {
	if p, ok := compiled.Load(t); ok {
		return p.(plan), nil
	}
	if r, ok := c.plans[t]; ok {
		if r.to != nil {
			return r.to, nil
		}
		return r, nil
	}
	r := new(ref)
	c.plans[t] = r
	p, err := c.build(t, at)
	if err != nil {
		if half := halfCodec(t); half != "" {
			err = fmt.Errorf("%w (%s)", err, half)
		}
		return nil, err
	}
	r.to = p
	return p, nil
}

func (c *compiler) build(t reflect.Type, at place) (plan, error) {
	if p := special(t); p != nil {
		return p, nil
	}
	switch pointer := reflect.PointerTo(t); {
	case t == fileType:
		return nil, at.refuse("an os.File by value", "use *os.File")
	case isHandle(pointer):
		return nil, at.refuse("a "+typeName(t)+" by value", "use *"+typeName(t))
	case isHandle(t):
		return &handlePlan{t, customPlan{t: t.Elem(), kind: customCodec}}, nil
	}
	if k := ownCodec(t); k != noCodec {
		return &customPlan{t, k, nilable(t)}, nil
	}
	if p := exact(t); p != nil {
		return p, nil
	}
	if p := scalar(t.Kind()); p != nil {
		return p, nil
	}
	switch t.Kind() {
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return anyPlan, nil
		}
		return nil, at.refuse("an interface ("+typeName(t)+")", "use a concrete type")
	case reflect.Pointer:
		return c.pointer(t, at)
	case reflect.Slice:
		return c.slice(t, at)
	case reflect.Array:
		return c.array(t, at)
	case reflect.Map:
		return c.dict(t, at)
	case reflect.Struct:
		return c.structure(t, at)
	case reflect.Uintptr:
		return nil, at.refuse("a uintptr", "use uint64")
	case reflect.Complex64, reflect.Complex128:
		return nil, at.refuse("a "+t.Kind().String(), "use a [2]float64")
	case reflect.UnsafePointer:
		return nil, at.refuse("an unsafe.Pointer", "")
	}
	return nil, at.refuse("a "+t.Kind().String(), "") // func, chan
}

func (c *compiler) pointer(t reflect.Type, at place) (plan, error) {
	to := t.Elem()
	if to == fileType {
		return filePlan, nil
	}
	elem, err := c.plan(to, at)
	if err != nil {
		return nil, err
	}
	return &pointerPlan{elem, to, nilable(to)}, nil
}

// plain reports whether t is encoded by its kind alone.
func plain(t reflect.Type) bool {
	return special(t) == nil && ownCodec(t) == noCodec && !isHandle(reflect.PointerTo(t))
}

func (c *compiler) slice(t reflect.Type, at place) (plan, error) {
	if p := rawSlice(t.Elem().Kind()); p != nil && plain(t.Elem()) {
		return p, nil
	}
	elem, err := c.plan(t.Elem(), at.inside("[]"))
	if err != nil {
		return nil, err
	}
	return &slicePlan{t, elem}, nil
}

func (c *compiler) array(t reflect.Type, at place) (plan, error) {
	if bools, ok := rawElements(t); ok {
		return &rawArray{int(t.Size()), bools}, nil
	}
	elem, err := c.plan(t.Elem(), at.inside("[]"))
	if err != nil {
		return nil, err
	}
	return &arrayPlan{n: t.Len(), elem: elem}, nil
}

// rawElements reports whether the array t consists of numbers or bools.
func rawElements(t reflect.Type) (bools, ok bool) {
	elem := t.Elem()
	if !plain(elem) {
		return false, false
	}
	switch kind := elem.Kind(); kind {
	case reflect.Array:
		return rawElements(elem)
	case reflect.Bool:
		return true, true
	default:
		return false, rawSlice(kind) != nil && kind != reflect.String
	}
}

func (c *compiler) dict(t reflect.Type, at place) (plan, error) {
	// The value in an interface may not be hashable, and a pointer is another one on arrival.
	switch key := t.Key(); {
	case holds(key, reflect.Interface, true):
		return nil, at.refuse("a map with an interface in its key", "use a key of a fixed type")
	case holds(key, reflect.Pointer, false):
		return nil, at.refuse("a map with a pointer in its key", "use a key of plain values")
	}
	key, err := c.plan(t.Key(), at.inside("[key]"))
	if err != nil {
		return nil, err
	}
	elem, err := c.plan(t.Elem(), at.inside("[]"))
	if err != nil {
		return nil, err
	}
	return &mapPlan{t, key, elem, mapFloor(t.Key(), t.Elem())}, nil
}

// holds reports whether values of the comparable type t contain one of that kind.
// It looks into structs with their own codec only if all is set.
func holds(t reflect.Type, kind reflect.Kind, all bool) bool {
	switch {
	case t.Kind() == kind:
		return true
	case t.Kind() == reflect.Array:
		return holds(t.Elem(), kind, all)
	case t.Kind() == reflect.Struct && (all || plain(t)):
		for i := range t.NumField() {
			if holds(t.Field(i).Type, kind, all) {
				return true
			}
		}
	}
	return false
}

func (c *compiler) structure(t reflect.Type, at place) (plan, error) {
	var fields []fieldPlan
	for _, f := range sentFields(t) {
		step := "." + f.Name
		in := place{at.path + step, t}
		if !f.IsExported() && !f.Anonymous || f.Anonymous && !f.IsExported() && !transparent(f.Type) {
			return nil, in.refuse("unexported", "export it")
		}
		p, err := c.plan(f.Type, in)
		if err != nil {
			return nil, err
		}
		fields = append(fields, fieldPlan{f.Index[0], step, p})
	}
	return &structPlan{fields: fields}, nil
}

// sentFields are the fields of struct t that take part: all but the blank ones,
// those tagged "-" and msgpack's own marker.
func sentFields(t reflect.Type) []reflect.StructField {
	var fields []reflect.StructField
	for i := range t.NumField() {
		f := t.Field(i)
		tag, _, _ := strings.Cut(f.Tag.Get("msgpack"), ",")
		if tag != "-" && f.Name != "_" && f.Name != "_msgpack" {
			fields = append(fields, f)
		}
	}
	return fields
}

// transparent reports whether an embedded field of unexported type t can be
// sent: as in encoding/json, a struct can, by its exported fields. (A pointer to
// one cannot be set by reflection, and neither can anything that is not a struct
// or that reads itself.)
func transparent(t reflect.Type) bool { return t.Kind() == reflect.Struct && plain(t) }
