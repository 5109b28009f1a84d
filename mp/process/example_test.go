package process_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/process"
)

var Busy = mp.Register("example.busy", func(context.Context, int) (int, error) {
	for { // it never looks at its ctx
		time.Sleep(time.Millisecond)
	}
})

// The ctx of Start bounds the life of the process. KillDelay after the end of ctx, the process is killed, whatever it is doing.
func ExampleStart() {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	p, err := process.Start(ctx, Busy, 0, &process.Options{KillDelay: 10 * time.Millisecond})
	if err != nil {
		fmt.Println(errors.Is(err, context.DeadlineExceeded)) // on a slow machine, ctx may end before the process is ready
		return
	}
	_, err = p.Result(context.Background())
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output: true
}

// Kill ends the process at once, and the processes that it has started, too.
func ExampleProcess_Kill() {
	ctx := context.Background()
	p, err := process.Start(ctx, Busy, 0, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := p.Kill(); err != nil {
		fmt.Println(err)
	}
	_, err = p.Result(ctx)
	var exit *mp.ExitError
	fmt.Println(errors.As(err, &exit), p.Alive())
	// Output: true false
}

// Children lists every living child, workers of pools included.
func ExampleChildren() {
	p, err := process.Start(context.Background(), Busy, 0, &process.Options{Name: "busy"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, child := range process.Children() {
		fmt.Println(child.Name(), child.Pid() == p.Pid())
		child.Kill()
		<-child.Done()
	}
	fmt.Println(len(process.Children()))
	// Output:
	// busy true
	// 0
}

var Greet = mp.Register("example.greet", func(_ context.Context, name string) (string, error) { return "hello " + name, nil })

// With spares, which are processes that have bootstrapped in advance, a server answers its first requests sooner.
func ExampleKeepSpares() {
	if err := process.KeepSpares(1); err != nil {
		fmt.Println(err)
		return
	}
	defer process.KeepSpares(0)
	ctx := context.Background()
	p, err := process.Start(ctx, Greet, "bob", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Result(ctx))
	// Output: hello bob <nil>
}
