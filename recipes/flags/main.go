// Flags passes a flag on to a child.
package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var width = flag.Int("width", 10, "of the line")

var Draw = mp.Register("draw", func(_ context.Context, w int) (string, error) {
	return fmt.Sprintf("argument %d, flag %d", w, *width), nil
})

func main() { mp.Main(run) }

func run() error {
	flag.Parse() // here, so that only the first process does
	ctx := context.Background()
	p, err := mp.Start(ctx, Draw, *width, nil)
	if err != nil {
		return err
	}
	s, err := p.Result(ctx)
	fmt.Println(s)
	return err
}
