// Command replaced is upgraded while it runs: its file is moved away and another one takes its place.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var Double = mp.Register("double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })

func main() {
	mp.Main(func() error {
		path, err := os.Executable()
		if err != nil {
			return err
		}
		if err := os.Rename(path, path+".old"); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte("another program"), 0o700); err != nil {
			return err
		}
		p, err := mp.Start(context.Background(), Double, 21, nil)
		if err != nil {
			fmt.Println(errors.Is(err, mp.ErrBinaryMismatch))
			return err
		}
		n, err := p.Result(context.Background())
		fmt.Println(n)
		return err
	})
}
