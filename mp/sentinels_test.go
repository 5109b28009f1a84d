package mp_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/connection"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/pool"
	"github.com/go-multiprocessing/multiprocessing/mp/process"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

// ours are the sentinels of the library. Those of package mp are aliases of some of them.
var ours = map[string]error{
	"connection.ErrAuthentication": connection.ErrAuthentication,
	"dataloader.ErrBusy":           dataloader.ErrBusy,
	"dataloader.ErrQuarantined":    dataloader.ErrQuarantined,
	"pool.ErrBroken":               pool.ErrBroken,
	"pool.ErrQuarantined":          pool.ErrQuarantined,
	"process.ErrAlreadyStarted":    process.ErrAlreadyStarted,
	"process.ErrNotStarted":        process.ErrNotStarted,
	"process.ErrStillRunning":      process.ErrStillRunning,
	"queue.ErrEmpty":               queue.ErrEmpty,
	"queue.ErrFull":                queue.ErrFull,
	"spawn.ErrBinaryMismatch":      spawn.ErrBinaryMismatch,
	"spawn.ErrBootstrapping":       spawn.ErrBootstrapping,
	"spawn.ErrClosed":              spawn.ErrClosed,
	"spawn.ErrExiting":             spawn.ErrExiting,
	"spawn.ErrMemory":              spawn.ErrMemory,
	"spawn.ErrTimeout":             spawn.ErrTimeout,
	"spawn.ErrUnsupported":         spawn.ErrUnsupported,
	"synchronize.ErrBrokenBarrier": synchronize.ErrBrokenBarrier,
	"synchronize.ErrNotHeld":       synchronize.ErrNotHeld,
	"synchronize.ErrOwnerDied":     synchronize.ErrOwnerDied,
}

var Raise = mp.Register("raise one of ours", func(_ context.Context, name string) (int, error) {
	return 0, fmt.Errorf("raised: %w", ours[name])
})

// errors.Is finds each sentinel of the library in an error that came from another process, and finds no other sentinel there.
func TestSentinelsCross(t *testing.T) {
	leak.Check(t)
	p, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for name, sentinel := range ours {
		_, err := mp.Apply(t.Context(), p, Raise, name)
		if !errors.As(err, new(*mp.RemoteError)) {
			t.Fatalf("%s: %v", name, err)
		}
		for other, e := range ours {
			if errors.Is(err, e) != errors.Is(sentinel, e) {
				t.Errorf("%s: errors.Is finds %s: %t", name, other, errors.Is(err, e))
			}
		}
	}
}

// The table ours lists every sentinel that the library's packages declare.
func TestSentinelsAreListed(t *testing.T) {
	var found []string
	for _, p := range list(t, "linux") {
		if p.name() == "mp" || strings.Contains(p.name(), "/internal/") {
			continue
		}
		for _, name := range p.production() {
			for _, decl := range parse(t, filepath.Join(p.Dir, name)).Decls {
				if d, ok := decl.(*ast.GenDecl); ok {
					for _, spec := range d.Specs {
						if v, ok := spec.(*ast.ValueSpec); ok && strings.HasPrefix(v.Names[0].Name, "Err") {
							found = append(found, path.Base(p.name())+"."+v.Names[0].Name)
						}
					}
				}
			}
		}
	}
	slices.Sort(found)
	if listed := slices.Sorted(maps.Keys(ours)); !slices.Equal(found, listed) {
		t.Errorf("the sentinels are\n%v\nand the table has\n%v", found, listed)
	}
}
