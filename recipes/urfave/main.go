// Urfave is a program with a command that uses other processes.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/urfave/cli/v3"
)

var Square = mp.Register("square", func(_ context.Context, n int) (int, error) { return n * n, nil })

func main() { mp.MainContext(run) }

// run is what main was: only the first process comes here.
func run(ctx context.Context) error {
	cli.OsExiter = mp.Exit // cli.Exit ends the program with a code; os.Exit would skip exit hooks, and not join
	return root().Run(ctx, os.Args)
}

func root() *cli.Command {
	return &cli.Command{
		Name: "calc",
		Commands: []*cli.Command{{
			Name:  "square",
			Flags: []cli.Flag{&cli.IntFlag{Name: "n", Value: 1, Usage: "the number to square"}},
			Action: func(ctx context.Context, cmd *cli.Command) error {
				if cmd.Int("n") < 0 {
					return cli.Exit("n is negative", 3)
				}
				p, err := mp.Start(ctx, Square, cmd.Int("n"), nil)
				if err != nil {
					return err
				}
				n, err := p.Result(ctx)
				fmt.Println(n)
				return err
			},
		}},
	}
}
