package wire

import (
	"reflect"
	"strconv"
	"strings"
)

// A pathError is an error on its way out of a value. Each level adds the step
// that led inside, so that the innermost step comes first.
type pathError struct {
	steps []string
	err   error
}

func (p *pathError) Error() string { return p.err.Error() }
func (p *pathError) Unwrap() error { return p.err }

// within adds a step to err's path.
func within(step string, err error) error {
	if p, ok := err.(*pathError); ok {
		p.steps = append(p.steps, step)
		return p
	}
	return &pathError{steps: []string{step}, err: err}
}

func inElement(i int, err error) error {
	return within("["+strconv.Itoa(i)+"]", err)
}

// maxSteps is the longest path that is printed in full. A longer one is that of
// a cycle or of a long list, and its beginning tells what it is.
const maxSteps = 16

// locate returns the path of err within the type called root, and the error
// itself.
func locate(root string, err error) (string, error) {
	p, ok := err.(*pathError)
	if !ok {
		return root, err
	}
	var b strings.Builder
	b.WriteString(root)
	for i := range p.steps {
		if len(p.steps) > maxSteps && i == 2 {
			b.WriteString("…")
			break
		}
		b.WriteString(p.steps[len(p.steps)-1-i])
	}
	return b.String(), p.err
}

// maxKey is how much of a map key is printed in a path.
const maxKey = 40

func keyStep(k reflect.Value) string {
	switch {
	case k.Kind() == reflect.String:
		return textStep(k.String())
	case k.CanInt():
		return "[" + strconv.FormatInt(k.Int(), 10) + "]"
	case k.CanUint():
		return "[" + strconv.FormatUint(k.Uint(), 10) + "]"
	}
	return "[" + typeName(k.Type()) + "]"
}

func textStep(s string) string {
	if len(s) > maxKey {
		return "[" + strconv.Quote(s[:maxKey]) + "…]"
	}
	return "[" + strconv.Quote(s) + "]"
}

// rootName is the name of the type at the top of a path: without its package
// if it is declared in one, and without its pointers.
func rootName(t reflect.Type) string {
	named := t
	for named.Name() == "" && named.Kind() == reflect.Pointer {
		named = named.Elem()
	}
	if named.PkgPath() == "" {
		return typeName(t)
	}
	return trimPaths(named.Name())
}

// typeName is the name of a type elsewhere in an error: as in source code.
func typeName(t reflect.Type) string { return trimPaths(t.String()) }

// trimPaths shortens the import paths that reflect puts into the names of
// instantiated types to package names, and writes any for interface {}.
func trimPaths(s string) string {
	s = strings.ReplaceAll(s, "interface {}", "any")
	var b strings.Builder
	for s != "" {
		i := strings.IndexAny(s, "[]*(){}, ;")
		if i < 0 {
			i = len(s) - 1
		}
		word := s[:i+1]
		if slash := strings.LastIndexByte(word, '/'); slash >= 0 {
			word = word[slash+1:]
		}
		b.WriteString(word)
		s = s[i+1:]
	}
	return b.String()
}
