// Tasks is what one does with connections.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/connection"
)

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	tasks := map[string]func(context.Context) error{"end": end, "wait": wait, "later": later, "listen": listen}
	return tasks[os.Args[1]](ctx)
}

// region talk
var Talk = mp.Register("talk", func(ctx context.Context, c *mp.Conn) (int, error) {
	if err := c.Send(ctx, "my last words"); err != nil {
		return 0, err
	}
	os.Exit(1)
	return 0, nil
})

// endregion

func end(ctx context.Context) error {
	ours, theirs, err := mp.Pipe()
	if err != nil {
		return err
	}
	defer ours.Close()
	p, err := mp.Start(ctx, Talk, theirs, nil)
	if err != nil {
		return err
	}
	if err := p.Join(ctx); err != nil {
		return err
	}
	// region end
	var words string
	err = ours.Recv(ctx, &words)
	fmt.Println(words, err) // what it has sent comes first
	fmt.Println(errors.Is(ours.Recv(ctx, &words), io.EOF))
	fmt.Println(errors.Is(ours.Send(ctx, "hello?"), mp.ErrClosed))
	// endregion
	return nil
}

func wait(ctx context.Context) error {
	ours, theirs, err := mp.Pipe()
	if err != nil {
		return err
	}
	defer ours.Close()
	jobs, err := mp.NewQueue[int](0)
	if err != nil {
		return err
	}
	defer jobs.Close()
	p, err := mp.Start(ctx, Talk, theirs, nil)
	if err != nil {
		return err
	}
	// region wait
	for open, running := true, true; open || running; {
		things := []connection.Waitable{jobs}
		if open {
			things = append(things, ours)
		}
		if running {
			things = append(things, p)
		}
		ready, err := connection.Wait(ctx, things...)
		if err != nil {
			return err
		}
		for _, w := range ready {
			switch w {
			case ours:
				var words string
				err := ours.Recv(ctx, &words)
				switch {
				case errors.Is(err, io.EOF): // it is ready from now on
					open = false
				case err != nil:
					return err
				default:
					fmt.Println("it says", words)
				}
			case jobs:
				fmt.Println("a job") // does not come
			case p:
				fmt.Println("it has ended")
				running = false // it is ready from now on, too
			}
		}
	}
	// endregion
	return nil
}

// region take
var Take = mp.Register("take", func(ctx context.Context, c *mp.Conn) (int, error) {
	var q *mp.Queue[string]
	if err := c.Recv(ctx, &q); err != nil {
		return 0, err
	}
	return 0, q.Put(ctx, "thanks")
})

// endregion

func later(ctx context.Context) error {
	ours, theirs, err := mp.Pipe()
	if err != nil {
		return err
	}
	defer ours.Close()
	p, err := mp.Start(ctx, Take, theirs, nil)
	if err != nil {
		return err
	}
	// region later
	q, err := mp.NewQueue[string](0)
	if err != nil {
		return err
	}
	if err := ours.Send(ctx, q); err != nil { // to a process that runs already
		return err
	}
	fmt.Println(q.Get(ctx))
	// endregion
	return p.Join(ctx)
}

// region listen
func listen(ctx context.Context) error {
	l, err := connection.Listen("tcp", "", &connection.Options{Key: []byte("a secret of both")})
	if err != nil {
		return err
	}
	defer l.Close()
	if _, err := connection.Dial(ctx, "tcp", l.Addr(), &connection.Options{Key: []byte("a guess")}); err != nil {
		fmt.Println(errors.Is(err, connection.ErrAuthentication))
	}

	failed := make(chan error, 1)
	go func() {
		c, err := l.Accept(ctx) // only clients that have the key
		if err == nil {
			err = c.SendBytes(ctx, []byte("welcome"))
		}
		failed <- err
	}()
	c, err := connection.Dial(ctx, "tcp", l.Addr(), &connection.Options{Key: []byte("a secret of both")})
	if err != nil {
		return err
	}
	defer c.Close()
	message, err := c.RecvBytes(ctx)
	fmt.Printf("%s %v\n", message, err)
	return <-failed
}

// endregion
