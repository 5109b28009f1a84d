// Command classifier trains an image classifier while two worker processes decode,
// augment and normalise its batches, as with PyTorch's DataLoader(num_workers=2).
// Reading one training image kills the process that reads it, and decoding another
// one never ends. The training survives both.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
)

// options say how to train, and what goes wrong meanwhile.
type options struct {
	workers  int
	epochs   int
	seed     uint64
	data     string
	deadline time.Duration
	sheet    string

	incidents []kind
	onError   dataloader.Policy
	slow      time.Duration // added to the time of each image
	without   map[int]bool  // samples to leave out
	out       io.Writer
}

// A worker is this same program, started again. main runs there too, but
// mp.MainContext then makes the process a worker and does not call run. That is why
// the call has to come first in main.
func main() { mp.MainContext(run) }

// run is the real main. Its ctx ends at Ctrl-C. run then returns, and deferred
// calls remove the temporary files.
func run(ctx context.Context) error {
	o := options{onError: dataloader.Skip, out: os.Stdout}
	flag.IntVar(&o.workers, "workers", 2, "worker `processes`; 0 does everything in this one")
	flag.IntVar(&o.epochs, "epochs", 10, "passes over the training images")
	flag.Uint64Var(&o.seed, "seed", 1, "decides the first weights, the order and the augmentation")
	flag.StringVar(&o.data, "data", "", "`directory` with the four idx .gz files of the whole Fashion-MNIST; default: an embedded part")
	incident := flag.Bool("incident", true, "let one training image lie in a file that is truncated after it was mapped, and the decoder of another never end")
	flag.DurationVar(&o.deadline, "deadline", 500*time.Millisecond, "`time` that a worker may take for a batch, of milliseconds as a rule, before it is killed")
	flag.StringVar(&o.sheet, "sheet", "", "`file` to write the first batch to, as a PNG")
	breakage := flag.String("break", "", "what goes wrong: crash (a sample kills its worker), sample (one cannot be read), slow (the training waits for its loader), "+
		"guard (a program that forgets mp.Main) or goroutines (the crash without processes)")
	flag.Parse()
	if *incident {
		o.incidents = []kind{truncated, endless}
	}
	if os.Getenv(role) == "goroutines" {
		return goroutines(ctx, o)
	}
	if o.workers < 0 || o.epochs < 1 || flag.NArg() > 0 {
		return fmt.Errorf("want -workers ≥ 0, -epochs ≥ 1 and no arguments; see -help")
	}

	switch *breakage {
	case "":
		return classify(ctx, o)
	case "crash":
		return tellFailure(ctx, o, truncated)
	case "sample":
		return tellFailure(ctx, o, missing)
	case "slow":
		return tellSlow(ctx, o)
	case "guard":
		return tellGuard(ctx)
	case "goroutines":
		return tellGoroutines(ctx, o)
	}
	return fmt.Errorf("-break %s: want crash, sample, slow, guard or goroutines", *breakage)
}
