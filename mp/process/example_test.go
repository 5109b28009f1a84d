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
	for { // and never a look at its ctx
		time.Sleep(time.Millisecond)
	}
})

// The ctx of Start is the life of the process. KillDelay after its end the process is killed, whatever it is at.
func ExampleStart() {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	p, err := process.Start(ctx, Busy, 0, &process.Options{KillDelay: 10 * time.Millisecond})
	if err != nil {
		fmt.Println(errors.Is(err, context.DeadlineExceeded)) // the machine is slow: it was not even ready
		return
	}
	_, err = p.Result(context.Background())
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output: true
}

// Kill does not ask, and ends what the process has started, too.
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

// Every child that lives, workers of pools too.
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

// A server answers its first requests sooner with processes that have bootstrapped before they are wanted.
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
