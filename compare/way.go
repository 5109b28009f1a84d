// Package compare runs one job in five ways, for docs/COMPARE.md: in goroutines of an errgroup, with os/exec and JSON, with
// hashicorp/go-plugin, in WebAssembly with wazero, and in a pool of this library. One file has one way; what several of them use is here.
package compare

import (
	"context"

	"github.com/go-multiprocessing/multiprocessing/compare/job"
)

// fence is the memory that a job may have, in MiB, where a way has an option for that.
const fence = 64

// Request is what a job is told. Its name begins with a capital for net/rpc.
type Request struct {
	Kind job.Kind
	N    int
}

// workers is how many calls may run at once where a way bounds that.
const workers = 2

// way is one way to have job.Do run.
type way interface {
	Call(ctx context.Context, kind job.Kind, n int) (int, error)
	Close() error
}
