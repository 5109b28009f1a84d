package spawn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// Runner runs registered functions, one at a time. It keeps what the next call can use again.
type Runner struct {
	entry    *entry
	run      run
	returned bool
	failure  *Failure
}

// run decodes the argument, calls the function and appends the encoded result to out.
type run func(ctx context.Context, arg []byte, files []*os.File, out *wire.Buffer) error

// Run runs function id and appends its result to out, or fills the failure that it hands to done. done is called
// exactly once, also when the function ends its goroutine with runtime.Goexit; then Run does not return.
func (r *Runner) Run(ctx context.Context, id uint32, arg []byte, files []*os.File, out *wire.Buffer, done func(*Failure)) {
	if !r.find(id) {
		done(unknown(id))
		return
	}
	r.failure, r.returned = nil, false
	defer r.after(done)
	if err := r.run(ctx, arg, files, out); err != nil {
		r.failure = &Failure{Failure: wire.Describe(err)}
	}
	r.returned = true
}

// find makes function id the current one.
func (r *Runner) find(id uint32) bool {
	if r.entry == nil || r.entry.id != id {
		if r.entry = lookup(id); r.entry == nil {
			return false
		}
		r.run = r.entry.run()
	}
	if debugging {
		step("run: %s", r.entry.name)
	}
	return true
}

func unknown(id uint32) *Failure {
	return &Failure{Failure: wire.Describe(fmt.Errorf("no function has the number %d", id))}
}

// after tells done how a call has ended. It is deferred.
func (r *Runner) after(done func(*Failure)) {
	switch {
	case r.returned:
		done(r.failure)
	default:
		if value := recover(); value != nil {
			done(panicked(value))
			return
		}
		done(&Failure{Failure: wire.Describe(errors.New("it ended its goroutine with runtime.Goexit"))})
	}
}

// Try calls fn and returns its error or panic, or nil when there is neither. It is for functions that this process calls on
// behalf of another one.
func Try(fn func() error) (f *Failure) {
	defer func() {
		if value := recover(); value != nil {
			f = panicked(value)
		}
	}()
	if err := fn(); err != nil {
		return &Failure{Failure: wire.Describe(err)}
	}
	return nil
}

func panicked(value any) *Failure {
	f := &Failure{Panic: true, Stack: string(debug.Stack())}
	if err, ok := value.(error); ok {
		f.Failure = wire.Describe(err)
	} else {
		f.Message = printValue(value)
	}
	f.Type = fmt.Sprintf("%T", value)
	return f
}

// printValue survives values whose own String method panics.
func printValue(value any) (s string) {
	defer func() {
		if recover() != nil {
			s = fmt.Sprintf("a %T whose String method panics", value)
		}
	}()
	return fmt.Sprint(value)
}
