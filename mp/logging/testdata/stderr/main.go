// Command stderr calls mp.LogToStderr with the slog level that MP_TEST_LEVEL names, or with hclog.Debug if it is "hclog". If it is
// empty, it does not call it. Then a child and a grandchild log.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/hashicorp/go-hclog"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/logging"
)

var Speak *mp.Func[int, int]

func init() {
	Speak = mp.Register("speak", func(ctx context.Context, depth int) (int, error) {
		slog.New(logging.Handler()).Debug("a word of slog", "depth", depth)
		logging.Logger().Warn("a word of hclog", "depth", depth)
		if depth == 0 {
			return 0, nil
		}
		p, err := mp.Start(ctx, Speak, depth-1, nil)
		if err != nil {
			return 0, err
		}
		return p.Result(ctx)
	})
}

func main() {
	mp.Main(func() error {
		switch level := os.Getenv("MP_TEST_LEVEL"); level {
		case "":
		case "hclog":
			mp.LogToStderr(hclog.Debug)
		default:
			var l slog.Level
			if err := l.UnmarshalText([]byte(level)); err != nil {
				return err
			}
			mp.LogToStderr(l)
		}
		p, err := mp.Start(context.Background(), Speak, 1, nil)
		if err != nil {
			return err
		}
		_, err = p.Result(context.Background())
		return err
	})
}
