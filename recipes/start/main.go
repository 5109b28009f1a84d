package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var Shout = mp.Register("shout", func(_ context.Context, text string) (string, error) {
	return strings.ToUpper(text) + "!", nil
})

func main() { mp.Main(run) }

func run() error {
	ctx := context.Background()
	p, err := mp.Start(ctx, Shout, "hello", nil)
	if err != nil {
		return err
	}
	text, err := p.Result(ctx)
	if err != nil {
		return err
	}
	fmt.Println(text)
	return nil
}
