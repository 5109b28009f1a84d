// Cobra is a program with a command that uses other processes.
package main

import (
	"context"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/spf13/cobra"
)

var Square = mp.Register("square", func(_ context.Context, n int) (int, error) { return n * n, nil })

func main() { mp.MainContext(run) }

// run is what main was: only the first process comes here.
func run(ctx context.Context) error { return root().ExecuteContext(ctx) }

func root() *cobra.Command {
	root := &cobra.Command{
		Use:           "calc",
		SilenceErrors: true, // Main prints the error that run returns
		SilenceUsage:  true,
	}
	var n int
	square := &cobra.Command{
		Use: "square",
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := mp.Start(cmd.Context(), Square, n, nil)
			if err != nil {
				return err
			}
			n, err := p.Result(cmd.Context())
			fmt.Fprintln(cmd.OutOrStdout(), n)
			return err
		},
	}
	square.Flags().IntVar(&n, "n", 1, "the number to square")
	root.AddCommand(square)
	return root
}
