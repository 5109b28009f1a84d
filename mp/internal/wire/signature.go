package wire

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// signature returns the canonical text of t, which must compile.
func signature(t reflect.Type) string {
	s := signer{seen: map[reflect.Type]int{}}
	s.sign(t)
	return s.String()
}

// signer writes signatures. A named type is spelled out where it first appears
// and is a number from then on: names of types declared in functions are not
// unique, and the text of a recursive type would not end otherwise.
type signer struct {
	strings.Builder
	seen map[reflect.Type]int
}

func (s *signer) sign(t reflect.Type) {
	if t.PkgPath() == "" { // predeclared or unnamed
		s.shape(t)
		return
	}
	if n, ok := s.seen[t]; ok {
		s.WriteString("#" + strconv.Itoa(n))
		return
	}
	s.seen[t] = len(s.seen)
	s.WriteString(t.PkgPath() + "." + t.Name() + "=")
	s.shape(t)
}

func (s *signer) shape(t reflect.Type) {
	switch k := ownCodec(t); {
	case special(t) != nil:
		s.WriteString("own " + t.String())
	case t.Kind() == reflect.Pointer && t.Elem() == fileType:
		s.WriteString("file")
	case isHandle(t):
		s.WriteString("handle " + t.Elem().PkgPath() + "." + t.Elem().Name())
	case k != noCodec:
		s.WriteString(codecKinds[k].encoderMethod)
	default:
		s.kind(t)
	}
}

func (s *signer) kind(t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer:
		s.WriteString("*")
		s.sign(t.Elem())
	case reflect.Slice:
		s.WriteString("[]")
		s.sign(t.Elem())
	case reflect.Array:
		fmt.Fprintf(s, "[%d]", t.Len())
		s.sign(t.Elem())
	case reflect.Map:
		s.WriteString("map[")
		s.sign(t.Key())
		s.WriteString("]")
		s.sign(t.Elem())
		fmt.Fprintf(s, "~%d", mapFloor(t.Key(), t.Elem())) // it counts fields that are not sent, too
	case reflect.Struct:
		s.WriteString("struct{")
		for i, f := range sentFields(t) {
			if i > 0 {
				s.WriteString(";")
			}
			s.WriteString(f.Name + " ")
			s.sign(f.Type)
		}
		s.WriteString("}")
	case reflect.Interface:
		s.WriteString("any")
	default:
		s.WriteString(t.Kind().String())
	}
}
