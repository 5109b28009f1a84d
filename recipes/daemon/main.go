// Daemon leaves two processes behind when run returns.
package main

import (
	"context"
	"fmt"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var Task = mp.Register("task", func(ctx context.Context, d time.Duration) (int, error) {
	time.Sleep(d)
	fmt.Println(mp.CurrentProcess().Name, "has ended")
	return 0, nil
})

func main() { mp.Main(run) }

func run() error {
	mp.AtExit(func() { fmt.Println("exit hook") })
	ctx := context.Background()
	if _, err := mp.Start(ctx, Task, time.Hour, &mp.ProcessOptions{Name: "watcher", Daemon: true}); err != nil {
		return err
	}
	if _, err := mp.Start(ctx, Task, time.Second, &mp.ProcessOptions{Name: "backup"}); err != nil {
		return err
	}
	fmt.Println("run returns")
	return nil
}
