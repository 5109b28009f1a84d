// Process counts words in a process of its own.
package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var Count = mp.Register("count", func(_ context.Context, text string) (int, error) {
	return len(strings.Fields(text)), nil
})

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	p, err := mp.Start(ctx, Count, "to be or not to be", &mp.ProcessOptions{Name: "counter"})
	if err != nil {
		return err // it could not be started, and nothing is left of it
	}
	fmt.Println(p.Name(), "has a pid:", p.Pid() != 0)

	n, err := p.Result(ctx) // waits for its end
	if err != nil {
		return err // what it returned, or what it died of
	}
	code, exited := p.ExitCode()
	fmt.Println(n, "words; exit code", code, exited)
	return nil
}
