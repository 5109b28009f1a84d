// Pipe talks to a process that runs.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// Line is a message: any type that can be an argument.
type Line struct {
	Number int
	Text   string
}

var Shout = mp.Register("shout", func(ctx context.Context, c *mp.Conn) (int, error) {
	for n := 0; ; n++ {
		var l Line
		err := c.Recv(ctx, &l)
		if errors.Is(err, io.EOF) { // the other end was closed
			return n, nil
		}
		if err != nil {
			return n, err
		}
		l.Text = strings.ToUpper(l.Text)
		if err := c.Send(ctx, l); err != nil {
			return n, err
		}
	}
})

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	ours, theirs, err := mp.Pipe()
	if err != nil {
		return err
	}
	p, err := mp.Start(ctx, Shout, theirs, nil) // theirs has moved: it is the child's now
	if err != nil {
		return err
	}
	for n, text := range []string{"hello", "goodbye"} {
		if err := ours.Send(ctx, Line{n, text}); err != nil {
			return err
		}
		var l Line
		if err := ours.Recv(ctx, &l); err != nil {
			return err
		}
		fmt.Println(l.Number, l.Text)
	}
	if err := ours.Close(); err != nil {
		return err
	}
	fmt.Println(p.Result(ctx))
	return nil
}
