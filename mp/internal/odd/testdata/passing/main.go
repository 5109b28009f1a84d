// Passing has things made in one process and used in another one: an end of a pipe with a message in it, and a queue with an item.
// It prints how each process ended, and which descriptors are left. The test may kill one of the processes meanwhile.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// things are what the maker sends to the user.
type things struct {
	End   *mp.Conn
	Queue *mp.Queue[int]
}

var (
	Nothing = mp.Register("nothing", func(context.Context, int) (int, error) { return 0, nil })
	// Makes makes things and sends them. When the program closes the connection, it returns what has become of the item.
	Makes = mp.Register("makes", checked(func(ctx context.Context, c *mp.Conn) (string, error) {
		x, y, err := mp.Pipe()
		if err != nil {
			return "", err
		}
		defer x.Close()
		defer y.Close()
		q, err := mp.NewQueue[int](0)
		if err != nil {
			return "", err
		}
		defer q.Close()
		if err := errors.Join(x.Send(ctx, 7), q.Put(ctx, 8), c.Send(ctx, things{y, q})); err != nil {
			return "", err
		}
		if err := c.Recv(ctx, new(int)); !errors.Is(err, io.EOF) { // until the program closes it
			return "", err
		}
		if err := x.Recv(ctx, new(int)); !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("the end goes on: %w", err)
		}
		q.Close()
		item := "was taken"
		if n, err := q.TryGet(); err == nil && n == 8 {
			item = "is there"
		}
		return item, nil
	}))
	// Uses receives things and uses them.
	Uses = mp.Register("uses", checked(func(ctx context.Context, c *mp.Conn) (string, error) {
		var got things
		if err := c.Recv(ctx, &got); errors.Is(err, io.EOF) {
			return "got nothing", nil
		} else if err != nil {
			return "", err
		}
		defer got.End.Close()
		defer got.Queue.Close()
		var n int
		if err := got.End.Recv(ctx, &n); n != 7 || err != nil {
			return "", fmt.Errorf("the message: %d, %w", n, err)
		}
		n, err := got.Queue.Get(ctx)
		switch {
		case errors.Is(err, mp.ErrClosed):
			return "got no item", nil
		case n != 8 || err != nil:
			return "", fmt.Errorf("the item: %d, %w", n, err)
		}
		return "got both", nil
	}))
)

// checked runs f, closes the connection, and fails when descriptors are left.
func checked(f func(context.Context, *mp.Conn) (string, error)) func(context.Context, *mp.Conn) (string, error) {
	return func(ctx context.Context, c *mp.Conn) (string, error) {
		before := descriptors()
		s, err := f(ctx, c)
		return s, errors.Join(err, c.Close(), left(before))
	}
}

func main() {
	mp.MainContext(func(ctx context.Context) error {
		if p, err := mp.Start(ctx, Nothing, 0, nil); err != nil { // descriptors of the first Start stay open
			return err
		} else if _, err := p.Result(ctx); err != nil {
			return err
		}
		before := descriptors()
		pass(ctx)
		if err := left(before); err != nil {
			fmt.Println(err)
		}
		return nil
	})
}

func pass(ctx context.Context) {
	maker, made := start(ctx, "maker", Makes)
	user, used := start(ctx, "user", Uses)
	var x things
	err := maker.Recv(ctx, &x)
	switch {
	case err == nil:
		err = user.Send(ctx, x)
		x.End.Close() // if it was not sent
		x.Queue.Close()
	case errors.Is(err, io.EOF), errors.Is(err, mp.ErrClosed):
		err = nil
	}
	if err != nil && !errors.Is(err, mp.ErrClosed) {
		fmt.Println("passing:", err)
	}
	user.Close()
	used()
	maker.Close()
	made()
}

// start starts a process. It returns our end of a connection to the process, and a function that waits for its end and prints it.
func start(ctx context.Context, name string, fn *mp.Func[*mp.Conn, string]) (ours *mp.Conn, end func()) {
	ours, theirs, err := mp.Pipe()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	p, err := mp.Start(ctx, fn, theirs, nil)
	theirs.Close()
	return ours, func() {
		var exit *mp.ExitError
		var s string
		if err == nil {
			s, err = p.Result(ctx)
			p.Close()
		}
		switch {
		case err == nil:
			fmt.Println(name, s)
		case errors.As(err, &exit) && exit.Signal == 9:
			fmt.Println(name, "killed")
		default:
			fmt.Println(name, "failed:", err)
		}
	}
}

// descriptors returns the open descriptors and what they lead to.
func descriptors() map[string]string {
	open := make(map[string]string)
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		if text, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil {
			open[e.Name()] = text
		}
	}
	return open
}

// left waits until no descriptors are open but those before. Its error lists the others.
func left(before map[string]string) error {
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		runtime.GC() // a link ends when the last handle is collected
		var more []string
		for fd, text := range descriptors() {
			if before[fd] != text && !strings.HasSuffix(text, "/fd") {
				more = append(more, fd+" "+text)
			}
		}
		if len(more) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("left: %v", more)
		}
	}
}
