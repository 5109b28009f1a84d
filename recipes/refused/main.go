// Refused tries to send a lock in ways that cannot be.
package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

type account struct{ Lock synchronize.Lock }

var Show = mp.Register("show", func(_ context.Context, v any) (int, error) { return fmt.Println(v) })

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	lock, err := synchronize.NewLock()
	if err != nil {
		return err
	}
	defer lock.Close()
	_, err = mp.NewQueue[account](0)
	fmt.Println(err)
	_, err = mp.Start(ctx, Show, any(lock), nil)
	fmt.Println(err)
	_, err = json.Marshal(lock)
	fmt.Println(err)
	return nil
}
