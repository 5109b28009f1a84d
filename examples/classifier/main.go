// Command classifier trains an image classifier while two worker processes
// decode, augment and normalise its batches: PyTorch's
// DataLoader(num_workers=2), told in Go. One training image cannot be read
// without the reading process dying, the decoder of another never ends, and the
// run survives both.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// options are the flags.
type options struct {
	workers  int
	epochs   int
	seed     uint64
	data     string
	incident bool
	deadline time.Duration
	breakage string
}

// A worker is this same program, started again: main runs there too, and
// mp.MainContext makes a worker of it instead of calling run. That is why it
// has to be the first thing that main does.
func main() { mp.MainContext(run) }

// run is the real main. Its context ends at Ctrl-C; coming back from there, and
// not dying on the spot, removes the temporary files.
func run(ctx context.Context) error {
	var o options
	flag.IntVar(&o.workers, "workers", 2, "worker `processes`; 0 does everything in this one")
	flag.IntVar(&o.epochs, "epochs", 10, "passes over the training images")
	flag.Uint64Var(&o.seed, "seed", 1, "decides the first weights, the order and the augmentation")
	flag.StringVar(&o.data, "data", "", "`directory` with the four idx .gz files of the whole Fashion-MNIST; default: an embedded part")
	flag.BoolVar(&o.incident, "incident", true, "let one training image lie in a file that is truncated after it was mapped, and the decoder of another never end")
	flag.DurationVar(&o.deadline, "deadline", 500*time.Millisecond, "`time` that a worker may take for a batch, of milliseconds as a rule, before it is killed")
	flag.StringVar(&o.breakage, "break", "", "what happens without the library: guard (a program that forgets mp.Main) or goroutines (the incident without processes)")
	flag.Parse()
	if os.Getenv(role) == "goroutines" {
		return goroutines(ctx, o)
	}
	if o.workers < 0 || o.epochs < 1 || flag.NArg() > 0 {
		return fmt.Errorf("want -workers ≥ 0, -epochs ≥ 1 and no arguments; see -help")
	}

	switch o.breakage {
	case "":
		return classify(ctx, o)
	case "guard":
		return tellGuard(ctx)
	case "goroutines":
		return tellGoroutines(ctx, o)
	}
	return fmt.Errorf("-break %s: want guard or goroutines", o.breakage)
}
