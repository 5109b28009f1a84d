// Inside shows what goes on in children: what they log comes home.
package main

import (
	"context"
	"log/slog"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/logging"
)

var Resize = mp.Register("resize", func(_ context.Context, file string) (int, error) {
	slog.New(logging.Handler()).Info("resizing", "file", file) // logging.Logger() is one of hclog
	return len(file), nil
})

func main() { mp.Main(run) }

func run() error {
	mp.LogToStderr(slog.LevelInfo) // or hclog.Info; logging.ToSlog and logging.ToHclog give records to loggers
	ctx := context.Background()
	workers, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 1})
	if err != nil {
		return err
	}
	defer workers.Close()
	_, err = mp.Map(ctx, workers, Resize, []string{"a.png", "b.png"})
	return err
}
