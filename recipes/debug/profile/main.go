// Profile has a child write a profile of itself.
package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"runtime/pprof"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// region profile
var Hash = mp.Register("hash", func(_ context.Context, rounds int) (string, error) {
	f, err := os.Create(fmt.Sprintf("cpu-%s-%d.pprof", mp.CurrentProcess().Name, os.Getpid()))
	if err != nil {
		return "", err
	}
	defer f.Close()
	if err := pprof.StartCPUProfile(f); err != nil {
		return "", err
	}
	defer pprof.StopCPUProfile()
	return hash(rounds), nil
})

// endregion

func hash(rounds int) string {
	sum := sha256.Sum256(nil)
	for range rounds {
		sum = sha256.Sum256(sum[:])
	}
	return fmt.Sprintf("%x", sum)[:8]
}

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	p, err := mp.Start(ctx, Hash, 5_000_000, nil)
	if err != nil {
		return err
	}
	fmt.Println(p.Result(ctx))
	return nil
}
