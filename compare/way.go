// Package compare runs one job in five ways, for docs/COMPARE.md: in goroutines of an errgroup, with os/exec and JSON, with
// hashicorp/go-plugin, in WebAssembly with wazero, and in a pool of this library. One file has one way, with all that it needs.
package compare

import (
	"context"

	"github.com/go-multiprocessing/multiprocessing/compare/job"
)

// workers is how many calls may run at once where a way bounds that.
const workers = 2

// way is one way to have job.Do run.
type way interface {
	Call(ctx context.Context, kind job.Kind, n int) (int, error)
	Close() error
}
