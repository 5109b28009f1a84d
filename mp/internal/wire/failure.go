package wire

import (
	"fmt"
	"syscall"
)

// Failure is an error as data.
type Failure struct {
	Message   string
	Type      string   // of the error, as %T
	Sentinels []string // names of the registered errors that it is
	Errno     uint64   // the syscall.Errno that it is, or 0
}

// Causes returns what errors.Is and errors.As find in the error at this end:
// the registered errors and the syscall.Errno.
func (f *Failure) Causes() []error {
	var causes []error
	for _, name := range f.Sentinels {
		if err, ok := sentinel(name); ok {
			causes = append(causes, err)
		}
	}
	if errno := syscall.Errno(f.Errno); errno != 0 && uint64(errno) == f.Errno {
		causes = append(causes, errno)
	}
	return causes
}

// arrived is an error that came from another process.
type arrived struct{ failure Failure }

func (a *arrived) Error() string   { return a.failure.Message }
func (a *arrived) Unwrap() []error { return a.failure.Causes() }

// Describe turns err into data. It survives methods of err that panic, and
// chains of errors without end.
func Describe(err error) Failure {
	if err == nil {
		return Failure{}
	}
	if a, ok := err.(*arrived); ok && a != nil {
		return a.failure // it may have names that are not registered in this process
	}
	f := Failure{Type: fmt.Sprintf("%T", err)}
	if p := try(func() { f.Message = err.Error() }); p != nil {
		f.Message = fmt.Sprintf("(%T: its Error method panicked: %v)", err, p)
	}
	tree, broken := chain(err)
	namedSentinels(func(name string, target error) {
		for _, e := range tree {
			is := false
			if p := try(func() { is = matches(e, target) }); p != nil && broken == "" {
				broken = fmt.Sprintf("the Is method of %T panicked: %v", e, p)
			}
			if is {
				f.Sentinels = append(f.Sentinels, name)
				return
			}
		}
	})
	for _, e := range tree {
		var errno syscall.Errno
		if p := try(func() { errno = errnoOf(e) }); p != nil && broken == "" {
			broken = fmt.Sprintf("the As method of %T panicked: %v", e, p)
		}
		if errno != 0 {
			f.Errno = uint64(errno)
			break
		}
	}
	if broken != "" {
		f.Message += " (" + broken + ")"
	}
	return f
}

// try calls f and returns the value of its panic.
func try(f func()) (panicked any) {
	defer func() { panicked = recover() }()
	f()
	return nil
}

// maxChain bounds the errors that are looked at within one.
const maxChain = 1000

// chain returns the errors that err wraps, itself first, in the order of
// errors.Is; broken says which Unwrap method panicked.
func chain(err error) (tree []error, broken string) {
	var visit func(e error)
	visit = func(e error) {
		if e == nil || len(tree) == maxChain {
			return
		}
		tree = append(tree, e)
		var wrapped []error
		if p := try(func() { wrapped = unwrap(e) }); p != nil && broken == "" {
			broken = fmt.Sprintf("the Unwrap method of %T panicked: %v", e, p)
		}
		for _, w := range wrapped {
			visit(w)
		}
	}
	visit(err)
	return tree, broken
}

func unwrap(e error) []error {
	switch e := e.(type) {
	case interface{ Unwrap() error }:
		return []error{e.Unwrap()}
	case interface{ Unwrap() []error }:
		return e.Unwrap()
	}
	return nil
}

// matches is errors.Is for e alone: errors.Is would go on to what e wraps.
func matches(e, target error) bool {
	if equal(e, target) {
		return true
	}
	is, ok := e.(interface{ Is(error) bool })
	return ok && is.Is(target)
}

// equal is ==, but false for values that cannot be compared.
func equal(a, b error) (same bool) {
	_ = try(func() { same = a == b })
	return same
}

func errnoOf(e error) (errno syscall.Errno) {
	if errno, ok := e.(syscall.Errno); ok {
		return errno
	}
	if as, ok := e.(interface{ As(any) bool }); ok && !as.As(&errno) {
		return 0
	}
	return errno
}
