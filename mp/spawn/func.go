package spawn

import (
	"context"
	"fmt"
	"os"
	"reflect"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// Func is a function that can run in another process, where it is found by its name. Register makes one.
type Func[A, R any] struct {
	entry  *entry
	fn     func(ctx context.Context, arg A) (R, error)
	arg    *wire.Codec[A]
	result *wire.Codec[R]

	lasting bool // see Lasting
}

// Register gives fn a name under which children find it. Call it where every run of the program passes before Main: in
// a package variable, or in an init function when fn refers to itself. Register panics, with the place of the call, if values
// of the argument or result type cannot be sent, or if the name is invalid or taken. A name must not be empty. It may have plain
// spaces inside, as "resize images" has, but no other white space, and no control characters.
//
// A *os.File may be in an argument or a result. The sender of an argument keeps its file, and the function owns the one
// that it gets. A file in a result passes to the caller: the child's own is closed when it was sent.
//
// fn may be a closure: at package level it can only capture what the child's own initialisation creates too.
func Register[A, R any](name string, fn func(ctx context.Context, arg A) (R, error)) *Func[A, R] {
	f := &Func[A, R]{fn: fn, lasting: lasting(reflect.TypeFor[A]())}
	if fn == nil {
		panic(fmt.Sprintf("mp: Register(%q) at %s: the function is nil", name, callSite()))
	}
	f.arg = compile[A]("Register", name, "argument")
	f.result = compile[R]("Register", name, "result")
	f.entry = &entry{
		name:      name,
		arg:       reflect.TypeFor[A]().String(),
		result:    reflect.TypeFor[R]().String(),
		signature: f.arg.Signature() + " -> " + f.result.Signature(),
		run:       f.run,
		apply:     f.apply,
	}
	if f.arg.Size() > 0 && f.result.Size() > 0 {
		f.entry.dense, f.entry.argSize, f.entry.resultSize = f.runDense, f.arg.Size(), f.result.Size()
	}
	add("Register", f.entry)
	return f
}

func compile[T any](verb, name, what string) *wire.Codec[T] {
	codec, err := wire.Compile[T]()
	if err != nil {
		panic(fmt.Sprintf("mp: %s(%q) at %s: the %s cannot be sent to another process: %v",
			verb, name, callSite(), what, err))
	}
	return codec
}

func (f *Func[A, R]) run() run {
	var a, noA A
	var r, noR R
	return func(ctx context.Context, arg []byte, files []*os.File, out *wire.Buffer) error {
		err := decode(f.arg, arg, files, &a)
		if err != nil {
			a = noA
			return fmt.Errorf("the argument cannot be decoded: %w", err)
		}
		own := a
		a = noA // the function owns the decoded value: the next decode must not reuse its memory
		if r, err = f.fn(ctx, own); err != nil {
			r = noR
			return err
		}
		err = f.encodeResult(out, &r)
		r = noR
		return err
	}
}

func (f *Func[A, R]) encodeResult(out *wire.Buffer, r *R) error {
	before := len(out.Files)
	err := f.result.Encode(out, r)
	if err == nil {
		err = countFiles(len(out.Files) - before)
	}
	if err != nil {
		return fmt.Errorf("the result cannot be encoded: %w", err)
	}
	return nil
}

// apply is like run, but takes an argument that needs no decoding.
func (f *Func[A, R]) apply(ctx context.Context, arg any, out *wire.Buffer) error {
	a, ok := arg.(A)
	if !ok {
		return fmt.Errorf("the argument is a %T and not a %s", arg, f.entry.arg)
	}
	r, err := f.fn(ctx, a)
	if err != nil {
		return err
	}
	return f.encodeResult(out, &r)
}

// decode decodes a value. On an error it closes the files.
func decode[T any](codec *wire.Codec[T], data []byte, files []*os.File, v *T) error {
	err := codec.Decode(data, files, v)
	if err != nil {
		link.CloseAll(files)
	}
	return err
}

// Name is the registered name.
func (f *Func[A, R]) Name() string { return f.entry.name }

// String tells the name and the types of the function.
func (f *Func[A, R]) String() string {
	return fmt.Sprintf("mp.Func %s: func(%s) %s", f.entry.name, f.entry.arg, f.entry.result)
}

// Call runs the function here, in this process, as if it had not been registered.
func (f *Func[A, R]) Call(ctx context.Context, arg A) (R, error) { return f.fn(ctx, arg) }

// InitFunc is a function that prepares a worker before its first task: it loads a model, opens a file. RegisterInit
// makes one.
type InitFunc[A any] struct {
	entry *entry
	arg   *wire.Codec[A]
}

// RegisterInit is Register for a function that prepares a worker. Bind its argument with With.
func RegisterInit[A any](name string, fn func(ctx context.Context, arg A) error) *InitFunc[A] {
	if fn == nil {
		panic(fmt.Sprintf("mp: RegisterInit(%q) at %s: the function is nil", name, callSite()))
	}
	arg := compile[A]("RegisterInit", name, "argument")
	f := &InitFunc[A]{arg: arg}
	f.entry = &entry{
		name:      name,
		arg:       reflect.TypeFor[A]().String(),
		result:    "error",
		signature: arg.Signature() + " -> init",
		run: func() run {
			return func(ctx context.Context, b []byte, files []*os.File, _ *wire.Buffer) error {
				var a A
				if err := decode(arg, b, files, &a); err != nil {
					return fmt.Errorf("the argument cannot be decoded: %w", err)
				}
				return fn(ctx, a)
			}
		},
	}
	add("RegisterInit", f.entry)
	return f
}

// Name is the registered name.
func (f *InitFunc[A]) Name() string { return f.entry.name }

// With binds the argument: each worker gets its own copy.
func (f *InitFunc[A]) With(arg A) Initializer {
	return Initializer{name: f.entry.name, entry: f.entry, encode: func(b *wire.Buffer) error {
		return f.arg.Encode(b, &arg)
	}}
}

// Initializer is an InitFunc with its argument. The zero value initialises nothing.
type Initializer struct {
	name   string
	entry  *entry
	encode func(*wire.Buffer) error
}

// Name is the registered name of the function; empty for the zero value.
func (i Initializer) Name() string { return i.name }
