// Command debug runs one function in one process, for a look into its bootstrap.
package main

import (
	"context"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var Double = mp.Register("double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })

func main() {
	mp.Main(func() error {
		// The environment says nothing of debugging; a child is debugged all the same.
		p, err := mp.Start(context.Background(), Double, 21, &mp.ProcessOptions{Name: "doubler", Env: []string{}})
		if err != nil {
			return err
		}
		n, err := p.Result(context.Background())
		fmt.Println(p.Pid(), n)
		return err
	})
}
