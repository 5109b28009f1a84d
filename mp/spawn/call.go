package spawn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// The functions in this file are for the packages that make calls across the process boundary, such as process and pool. A
// function travels as a number, its place in the sorted registry. Parent and child have compared their registries.

// ID is the number of f. It must not be called before Main has begun.
func ID[A, R any](f *Func[A, R]) uint32 {
	sealed()
	return f.entry.id
}

// EncodeArg appends an argument of f to b. The index of the item (−1: none) is for the error.
func EncodeArg[A, R any](f *Func[A, R], b *wire.Buffer, arg *A, index int) error {
	before := len(b.Files)
	err := f.arg.Encode(b, arg)
	if err == nil {
		err = countFiles(len(b.Files) - before)
	}
	if err != nil {
		return ArgUnsent(f.entry.name, index, err)
	}
	return nil
}

// Apply calls function id with an argument of its type, which is not copied, and appends the encoded result to out.
func Apply(ctx context.Context, id uint32, arg any, out *wire.Buffer) error {
	e := lookup(id)
	if e == nil || e.apply == nil {
		return fmt.Errorf("no function has the number %d", id)
	}
	return e.apply(ctx, arg, out)
}

// ResultCodec is how results of f are encoded.
func ResultCodec[A, R any](f *Func[A, R]) *wire.Codec[R] { return f.result }

// Lasting reports whether a plain copy of an argument of f cannot be changed through the original: it holds no pointers but
// strings.
func Lasting[A, R any](f *Func[A, R]) bool { return f.lasting }

func lasting(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface, reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return false
	case reflect.Array:
		return lasting(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if !lasting(t.Field(i).Type) {
				return false
			}
		}
	}
	return true
}

// ArgUnsent is the error for an argument that cannot be sent. The index of the item (−1: none) is for its text.
func ArgUnsent(function string, index int, err error) error {
	return fmt.Errorf("mp: %s%s: the argument cannot be sent: %w", function, item(index), err)
}

// countFiles refuses more files than a message can carry.
func countFiles(n int) error {
	if n > link.MaxFiles {
		return fmt.Errorf("it holds %d files, and a message carries %d at most", n, link.MaxFiles)
	}
	return nil
}

// DecodeResult reads a result of f. The index of the item (−1: none) is for the error.
func DecodeResult[A, R any](f *Func[A, R], data []byte, files []*os.File, result *R, index int) error {
	if err := decode(f.result, data, files, result); err != nil {
		return fmt.Errorf("mp: %s%s: the result cannot be decoded: %w", f.entry.name, item(index), err)
	}
	return nil
}

// EncodeInit appends the argument of an initializer to b and returns the number of its function.
func EncodeInit(i Initializer, b *wire.Buffer) (id uint32, err error) {
	sealed()
	err = i.encode(b)
	if err == nil && b.Boarded() {
		b.Reset()
		err = errBoarded
	}
	if err != nil {
		return 0, ArgUnsent(i.name, -1, err)
	}
	return i.entry.id, nil
}

var errBoarded = errors.New("every worker gets it, and it holds an object that one process has at a time, such as an end of a Pipe")

// RunInit runs initializer id with the argument that EncodeInit has encoded, and returns nil if it succeeds. The initializer
// runs in a goroutine of its own, because it may end that.
func RunInit(ctx context.Context, id uint32, arg []byte, files []*os.File) *Failure {
	failure := make(chan *Failure, 1)
	go new(Runner).Run(ctx, id, arg, files, new(wire.Buffer), func(f *Failure) { failure <- f })
	return <-failure
}

// Failure is an error or a panic as it crosses the boundary.
type Failure struct {
	wire.Failure
	Panic bool
	Stack string
}

// TimedOut notes that a time limit of this library caused the failure: errors.Is then finds ErrTimeout, whatever the function
// returned.
func (f *Failure) TimedOut() { f.Sentinels = append(f.Sentinels, timeoutName) }

// Unsent is the failure of a function whose result could not be sent.
func Unsent(err error) *Failure {
	return &Failure{Failure: wire.Describe(fmt.Errorf("the result cannot be sent: %w", err))}
}

// Remote makes the error by which the parent returns the failure.
func (f *Failure) Remote(function string, index int, process string, pid int) *RemoteError {
	return &RemoteError{
		Func: function, Index: index, Process: process, Pid: pid,
		Type: f.Type, Message: f.Message, Panic: f.Panic, Stack: f.Stack, causes: f.Causes(),
	}
}
