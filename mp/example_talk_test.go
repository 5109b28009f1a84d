package mp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var Add = mp.Register("add", func(ctx context.Context, numbers *mp.Queue[int]) (sum int, err error) {
	for n, err := range numbers.All(ctx) { // until the queue is closed and empty
		if err != nil {
			return sum, err
		}
		sum += n
	}
	return sum, nil
})

// The argument is a handle: both processes use the same queue.
func ExampleNewQueue() {
	ctx := context.Background()
	numbers, err := mp.NewQueue[int](10) // Put waits while the queue holds ten numbers
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := mp.Start(ctx, Add, numbers, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for n := range 100 {
		if err := numbers.Put(ctx, n); err != nil {
			fmt.Println(err)
			return
		}
	}
	numbers.Close() // this ends the loop in the child
	fmt.Println(p.Result(ctx))
	// Output: 4950 <nil>
}

var Answer = mp.Register("answer", func(ctx context.Context, c *mp.Conn) (answered int, err error) {
	for {
		var question string
		if err := c.Recv(ctx, &question); errors.Is(err, io.EOF) { // the parent closed its end
			return answered, nil
		} else if err != nil {
			return answered, err
		}
		answered++
		if err := c.Send(ctx, len(question)); err != nil {
			return answered, err
		}
	}
})

func ExamplePipe() {
	ctx := context.Background()
	ours, theirs, err := mp.Pipe()
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := mp.Start(ctx, Answer, theirs, nil) // theirs moves to the child
	if err != nil {
		fmt.Println(err)
		return
	}
	var length int
	fmt.Println(errors.Join(ours.Send(ctx, "how long is this?"), ours.Recv(ctx, &length)), length)
	ours.Close()
	fmt.Println(p.Result(ctx))
	// Output:
	// <nil> 17
	// 1 <nil>
}

var Processors = mp.Register("processors", func(context.Context, string) (int, error) { return runtime.GOMAXPROCS(0), nil })

// A child that takes more than a GiB of memory is killed, and its error is ErrMemory. With BestEffort, limits that this system
// does not support are ignored.
func ExampleLimits() {
	ctx := context.Background()
	p, err := mp.Start(ctx, Processors, "", &mp.ProcessOptions{
		Limits: mp.Limits{Memory: 1 << 30, GOMAXPROCS: 2, BestEffort: true},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Result(ctx))
	// Output: 2 <nil>
}
