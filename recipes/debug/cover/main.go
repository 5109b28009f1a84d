// Cover has a function that only runs in a child.
package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// region cover
var Shout = mp.Register("shout", shout)

func shout(_ context.Context, text string) (string, error) {
	if text == "" {
		return "silence", nil
	}
	return strings.ToUpper(text), nil
}

// endregion

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	p, err := mp.Start(ctx, Shout, "hello", nil)
	if err != nil {
		return err
	}
	fmt.Println(p.Result(ctx))
	return nil
}
