package sharedmem

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// plain returns an error that says why a type cannot be in shared memory, or nil. The type must have no pointers, and any bytes
// that another process writes there must be a value of it.
func plain(t reflect.Type) error {
	if err := plainAt(t.String(), t); err != nil {
		return err
	}
	if t.Size() == 0 {
		return errors.New("its elements have no size")
	}
	return nil
}

// plainAt is plain for a part of a type. path names the part.
func plainAt(path string, t reflect.Type) error {
	if of := t.PkgPath(); of == "sync" || strings.HasPrefix(of, "internal/sync") {
		return fmt.Errorf("%s is a %v, which works in one process only: use a synchronize.Lock beside the array", path, t)
	}
	switch t.Kind() {
	case reflect.Bool:
		return fmt.Errorf("%s is a bool: another process could write a byte there that is neither; use a uint8", path)
	case reflect.Uintptr:
		return fmt.Errorf("%s is a uintptr, an address in this process: use a uint64", path)
	case reflect.String, reflect.Slice:
		return fmt.Errorf("%s is a %v, which points to memory of this process: use an array, such as [32]byte", path, t)
	case reflect.Pointer, reflect.UnsafePointer, reflect.Map, reflect.Chan, reflect.Func, reflect.Interface:
		return fmt.Errorf("%s is a %v, which points to memory of this process", path, t)
	case reflect.Array:
		return plainAt(path+"[]", t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if err := plainAt(path+"."+f.Name, f.Type); err != nil {
				return err
			}
		}
	}
	return nil
}
