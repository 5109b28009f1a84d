//go:build unix

package queue_test

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// seeds runs a torture, which returns the number of its kills, with a few fixed seeds. MP_TORTURE_SEED=n runs it with seed n
// alone. MP_TORTURE=n runs it with new seeds, from MP_TORTURE_SEED on if that is set, until there were n kills.
func seeds(t *testing.T, fixed []uint64, torture func(t *testing.T, seed uint64, deeds int) (kills int)) {
	kills := 0
	run := func(seed uint64, deeds int) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			leak.Check(t)
			hang := time.AfterFunc(2*time.Minute, func() {
				debug.SetTraceback("all")
				panic(fmt.Sprintf("the torture hangs with seed %d", seed))
			})
			defer hang.Stop()
			kills += torture(t, seed, deeds)
		})
	}
	wanted, _ := strconv.Atoi(os.Getenv("MP_TORTURE"))
	seed, err := strconv.ParseUint(os.Getenv("MP_TORTURE_SEED"), 10, 64)
	switch {
	case err == nil && wanted == 0:
		run(seed, 60)
	case wanted == 0:
		for _, seed := range fixed {
			run(seed, 25)
		}
	default:
		if err != nil {
			seed = uint64(time.Now().Unix())
		}
		for ; kills < wanted && !t.Failed(); seed++ {
			run(seed, 150)
		}
	}
}

// freeze stops a child for d. It does not wait.
func freeze(c *spawn.Child, d time.Duration) {
	syscall.Kill(c.Pid(), syscall.SIGSTOP)
	time.AfterFunc(d, func() {
		if c.Alive() {
			syscall.Kill(c.Pid(), syscall.SIGCONT)
		}
	})
}
