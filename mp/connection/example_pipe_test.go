package connection_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/connection"
)

var Count = mp.Register("count", func(ctx context.Context, w *connection.Conn) (int, error) {
	defer w.Close()
	for n := range 3 {
		if err := w.Send(ctx, n); err != nil {
			return n, err
		}
	}
	return 3, nil
})

// One end sends, the other receives, until the process that sends has closed its end, or has died.
func ExamplePipeOneWay() {
	ctx := context.Background()
	r, w, err := connection.PipeOneWay()
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	p, err := mp.Start(ctx, Count, w, nil)
	if err != nil {
		log.Fatal(err)
	}
	for {
		var n int
		if err := r.Recv(ctx, &n); err != nil {
			fmt.Println(errors.Is(err, io.EOF))
			break
		}
		fmt.Println(n)
	}
	fmt.Println(p.Result(ctx))
	// Output:
	// 0
	// 1
	// 2
	// true
	// 3 <nil>
}

// A message that is longer than the buffer is not lost.
func ExampleTooShortError() {
	ctx := context.Background()
	a, b, err := connection.Pipe()
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	defer b.Close()
	if err := a.SendBytes(ctx, []byte("a long message")); err != nil {
		log.Fatal(err)
	}
	_, err = b.RecvBytesInto(ctx, make([]byte, 4))
	var short *connection.TooShortError
	if errors.As(err, &short) {
		fmt.Printf("%s\n", short.Message)
	}
	// Output: a long message
}
