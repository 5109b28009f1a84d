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

type order struct {
	Item string
	N    int
}

// Clerk answers orders until the other end is closed. It is registered in a package variable, so in every process of the program.
var Clerk = mp.Register("clerk", func(ctx context.Context, c *connection.Conn) (int, error) {
	defer c.Close()
	for served := 0; ; served++ {
		var o order
		if err := c.Recv(ctx, &o); errors.Is(err, io.EOF) {
			return served, nil
		} else if err != nil {
			return served, err
		}
		if err := c.Send(ctx, fmt.Sprintf("%d × %s", o.N, o.Item)); err != nil {
			return served, err
		}
	}
})

func ExamplePipe() {
	ctx := context.Background()
	ours, theirs, err := connection.Pipe()
	if err != nil {
		log.Fatal(err)
	}
	p, err := mp.Start(ctx, Clerk, theirs, nil) // theirs moves to the process
	if err != nil {
		log.Fatal(err)
	}
	for _, o := range []order{{"tea", 2}, {"cake", 1}} {
		var answer string
		if err := errors.Join(ours.Send(ctx, o), ours.Recv(ctx, &answer)); err != nil {
			log.Fatal(err)
		}
		fmt.Println(answer)
	}
	ours.Close()
	served, err := p.Result(ctx)
	fmt.Println(served, err)
	// Output:
	// 2 × tea
	// 1 × cake
	// 2 <nil>
}

// Any program on this machine that has the key may dial, also one in Python:
//
//	from multiprocessing.connection import Client
//	with Client(('localhost', 6000), authkey=b'secret') as c:
//	    print(c.recv_bytes())
func ExampleListen() {
	ctx := context.Background()
	opts := &connection.Options{Key: []byte("secret")}
	l, err := connection.Listen("tcp", "localhost:0", opts)
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept(ctx)
		if err != nil {
			log.Print(err)
			return
		}
		defer c.Close()
		if err := c.SendBytes(ctx, []byte("hello")); err != nil {
			log.Print(err)
		}
	}()

	c, err := connection.Dial(ctx, l.Network(), l.Addr(), opts)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	p, err := c.RecvBytes(ctx)
	fmt.Printf("%s %v\n", p, err)
	// Output: hello <nil>
}

// Baker bakes all orders, until the other end is closed.
var Baker = mp.Register("baker", func(ctx context.Context, k kitchen) (int, error) {
	for baked := 0; ; baked++ {
		var o order
		if err := k.Orders.Recv(ctx, &o); errors.Is(err, io.EOF) {
			return baked, nil
		} else if err != nil {
			return baked, err
		}
		if err := k.Shelf.Put(ctx, "a "+o.Item); err != nil {
			return baked, err
		}
	}
})

type kitchen struct {
	Orders *connection.Conn
	Shelf  *mp.Queue[string]
}

// Wait returns when something is on the shelf, and when the process has ended.
func ExampleWait() {
	ctx := context.Background()
	ours, theirs, err := connection.Pipe()
	if err != nil {
		log.Fatal(err)
	}
	shelf, err := mp.NewQueue[string](0)
	if err != nil {
		log.Fatal(err)
	}
	defer shelf.Close()
	baker, err := mp.Start(ctx, Baker, kitchen{theirs, shelf}, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, item := range []string{"cake", "loaf"} {
		if err := ours.Send(ctx, order{item, 1}); err != nil {
			log.Fatal(err)
		}
	}
	ours.Close()
	members := []connection.Waitable{shelf, baker}
	for baked, sold := -1, 0; sold != baked; {
		ready, err := connection.Wait(ctx, members...)
		if err != nil {
			log.Fatal(err)
		}
		for _, w := range ready {
			switch w {
			case shelf:
				item, err := shelf.TryGet() // the only receiver, so the item is still there
				fmt.Println(item, err)
				sold++
			case baker:
				if baked, err = baker.Result(ctx); err != nil {
					log.Fatal(err)
				}
				members = members[:1] // a process that has ended is ready each time
			}
		}
	}
	// Output:
	// a cake <nil>
	// a loaf <nil>
}
