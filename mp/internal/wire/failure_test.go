package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"syscall"
	"testing"
)

var errRegistered = errors.New("registered")

func init() {
	if err := AddSentinel("wire.errRegistered", errRegistered); err != nil {
		panic(err)
	}
}

type (
	badError  struct{ where string }
	loopError struct{}
	wideError struct{}
	sliceErr  []int
	asError   struct{}
)

func (b *badError) Error() string {
	if b.where == "Error" {
		panic("boom")
	}
	return "bad"
}

func (b *badError) Is(error) bool {
	if b.where == "Is" {
		panic("boom")
	}
	return false
}

func (b *badError) Unwrap() error {
	if b.where == "Unwrap" {
		panic("boom")
	}
	return io.EOF
}

func (b *badError) As(any) bool {
	if b.where == "As" {
		panic("boom")
	}
	return false
}

func (loopError) Error() string     { return "loop" }
func (l loopError) Unwrap() error   { return l }
func (wideError) Error() string     { return "wide" }
func (w wideError) Unwrap() []error { return []error{w, w, nil, fs.ErrExist} }
func (sliceErr) Error() string      { return "slice" }
func (asError) Error() string       { return "as" }
func (asError) As(target any) bool {
	p, ok := target.(*syscall.Errno)
	if ok {
		*p = syscall.EPERM
	}
	return ok
}

func TestErrorsTravel(t *testing.T) {
	_, notFound := os.Open("/does/not/exist")
	for _, err := range []error{
		io.EOF, context.Canceled, context.DeadlineExceeded, os.ErrDeadlineExceeded, os.ErrProcessDone, errors.ErrUnsupported,
		fs.ErrExist, fs.ErrNotExist, fs.ErrPermission, fs.ErrInvalid, fs.ErrClosed, io.ErrUnexpectedEOF, io.ErrClosedPipe,
		io.ErrShortBuffer, io.ErrNoProgress, errRegistered, notFound, syscall.ENOENT,
		fmt.Errorf("a: %w", errors.Join(errRegistered, fmt.Errorf("b: %w", io.EOF))), errors.New("plain"),
		sliceErr{1},
	} {
		type result struct{ Err error }
		got := transfer(t, result{err}).Err
		again := transfer(t, got) // through a second process
		for _, got := range []error{got, again} {
			if got.Error() != err.Error() {
				t.Errorf("sent %q, got %q", err, got)
			}
			namedSentinels(func(name string, s error) {
				if errors.Is(err, s) != errors.Is(got, s) {
					t.Errorf("%v: errors.Is(%s) is %v", err, name, errors.Is(got, s))
				}
			})
			var a, b syscall.Errno
			if errors.As(err, &a) != errors.As(got, &b) || a != b {
				t.Errorf("%v: errno %v became %v", err, a, b)
			}
		}
		if f := Describe(again); f.Type != fmt.Sprintf("%T", err) {
			t.Errorf("%T became %s", err, f.Type)
		}
	}
	if err := transfer[error](t, nil); err != nil {
		t.Errorf("nil became %v", err)
	}
}

func TestDescribe(t *testing.T) {
	for _, x := range []struct {
		err  error
		want Failure
	}{
		{nil, Failure{}},
		{asError{}, Failure{Message: "as", Type: "wire.asError", Errno: uint64(syscall.EPERM)}},
		{fmt.Errorf("x: %w", io.EOF), Failure{Message: "x: EOF", Type: "*fmt.wrapError", Sentinels: []string{"io.EOF"}}},
		{&badError{"Error"}, Failure{Message: "(*wire.badError: its Error method panicked: boom)", Sentinels: []string{"io.EOF"}}},
		{&badError{"Is"}, Failure{Message: "bad (the Is method of *wire.badError panicked: boom)", Sentinels: []string{"io.EOF"}}},
		{&badError{"Unwrap"}, Failure{Message: "bad (the Unwrap method of *wire.badError panicked: boom)"}},
		{&badError{"As"}, Failure{Message: "bad (the As method of *wire.badError panicked: boom)", Sentinels: []string{"io.EOF"}}},
		{loopError{}, Failure{Message: "loop", Type: "wire.loopError"}},
		{wideError{}, Failure{Message: "wide", Type: "wire.wideError"}},
	} {
		if x.want.Type == "" && x.err != nil {
			x.want.Type = "*wire.badError"
		}
		if got := Describe(x.err); !reflect.DeepEqual(got, x.want) {
			t.Errorf("\n got %+v\nwant %+v", got, x.want)
		}
	}
	var typedNil *badError
	if got := Describe(typedNil); !strings.HasPrefix(got.Message, "(*wire.badError: its Error method panicked: ") {
		t.Errorf("got %+v", got)
	}
	var nilArrived *arrived
	if got := Describe(nilArrived); got.Type != "*wire.arrived" {
		t.Errorf("got %+v", got)
	}
}

func TestCauses(t *testing.T) {
	f := Failure{Sentinels: []string{"nobody", "io.EOF"}, Errno: uint64(syscall.EPERM)}
	if got := f.Causes(); len(got) != 2 || got[0] != io.EOF || got[1] != syscall.EPERM {
		t.Errorf("got %v", got)
	}
}

func TestAddSentinel(t *testing.T) {
	for _, x := range []struct {
		name string
		err  error
		want string
	}{
		{"", io.EOF, "an error must be registered under a name"},
		{"x", nil, `the error registered as "x" is nil`},
		{"io.EOF", errRegistered, `an error is already registered as "io.EOF"`},
	} {
		if err := AddSentinel(x.name, x.err); err == nil || err.Error() != x.want {
			t.Errorf("got %v, want %s", err, x.want)
		}
	}
}
