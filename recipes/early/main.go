// Early asks for a process in init, which runs in every child, too, before main.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var Hello = mp.Register("hello", func(context.Context, int) (int, error) { return 0, nil })

func init() {
	if _, err := mp.Start(context.Background(), Hello, 0, nil); err != nil {
		fmt.Fprintf(os.Stderr, "pid %d was refused a process\n", os.Getpid())
	}
}

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	p, err := mp.Start(ctx, Hello, 0, nil)
	if err != nil {
		return err
	}
	_, err = p.Result(ctx)
	return err
}
