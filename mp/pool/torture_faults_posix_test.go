//go:build unix

package pool_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// torment throws faults at the workers until stop is closed. The faults depend only on rnd; which workers they meet depends
// on the moment.
func (r *torture) torment(rnd *rand.Rand, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(rnd.Int64N(int64(r.every)))):
		}
		pid := r.target(rnd)
		switch n := rnd.IntN(40); {
		case n < 3 && r.starving:
			starve(time.Duration(rnd.Int64N(int64(10 * time.Millisecond))))
			r.tally.starvings.Add(1)
		case pid == 0:
		case n < 32:
			r.kill(pid)
		default:
			r.stop(rnd, pid)
		}
	}
}

// target returns the pid of a worker: mostly a ready one, sometimes one that may be coming up or leaving; 0: there is none.
func (r *torture) target(rnd *rand.Rand) (pid int) {
	if r.pool != nil && rnd.IntN(4) > 0 {
		if workers := r.pool.Stats().Workers; len(workers) > 0 {
			return workers[rnd.IntN(len(workers))].Pid
		}
		return 0
	}
	if all := mp.ActiveChildren(); len(all) > 0 {
		return all[rnd.IntN(len(all))].Pid()
	}
	return 0
}

// kill kills a worker. It notes the pid first, because the blame for the death may come at once.
func (r *torture) kill(pid int) {
	r.mu.Lock()
	known := r.killed[pid]
	r.killed[pid] = true
	r.mu.Unlock()
	if prog.Kill(pid) == nil && !known {
		r.tally.kills.Add(1)
	}
}

func (r *torture) wasKilled(pid int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.killed[pid]
}

// stop freezes a worker. A little later it kills the worker or lets it go on. If items have a timeout, the worker may also
// stay frozen.
func (r *torture) stop(rnd *rand.Rand, pid int) {
	after, how := time.Duration(rnd.Int64N(int64(20*time.Millisecond))), rnd.IntN(3)
	r.stopped.Add(1)
	r.mu.Lock()
	r.frozen = append(r.frozen, pid)
	r.mu.Unlock()
	if syscall.Kill(pid, syscall.SIGSTOP) != nil {
		return
	}
	r.tally.stops.Add(1)
	if how == 0 && r.opts.TaskTimeout > 0 {
		return
	}
	r.later.Add(1)
	time.AfterFunc(after, func() {
		defer r.later.Done()
		if how == 1 {
			r.kill(pid)
		} else {
			syscall.Kill(pid, syscall.SIGCONT)
		}
	})
}

// thaw lets all frozen workers go on.
func (r *torture) thaw() {
	r.later.Wait()
	for _, pid := range r.frozen {
		syscall.Kill(pid, syscall.SIGCONT)
	}
}

// starve keeps this process from opening descriptors for a while.
func starve(d time.Duration) {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return
	}
	low := limit
	low.Cur = 8
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low)
	time.Sleep(d)
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}

// slowly is a writer that takes the output of workers slowly.
type slowly struct{ nap time.Duration }

func (s slowly) Write(b []byte) (int, error) {
	time.Sleep(s.nap)
	return len(b), nil
}

// begun holds the marks that the workers have left in their files.
type begun struct {
	starts, ends map[[2]int]int // by call and number
	at           map[[3]int]bool
}

// readMarks reads the files of all workers, whose names are their pids.
func (r *torture) readMarks() begun {
	b := begun{make(map[[2]int]int), make(map[[2]int]int), make(map[[3]int]bool)}
	paths, _ := filepath.Glob(filepath.Join(r.dir, "*"))
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			r.t.Error(err)
		}
		var pid, call, n int
		fmt.Sscan(filepath.Base(path), &pid)
		for line := range strings.Lines(string(text)) {
			var what string
			if _, err := fmt.Sscan(line, &what, &call, &n); err != nil {
				r.t.Errorf("%q: %v", line, err)
				continue
			}
			if what == "start" {
				b.starts[[2]int{call, n}]++
				b.at[[3]int{pid, call, n}] = true
			} else {
				b.ends[[2]int{call, n}]++
			}
		}
	}
	return b
}
