package spawn

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// Limits are the fences around a child: how much it may take from other processes. Zero values fence nothing. If a limit cannot
// be applied, Start fails and leaves no process; with BestEffort it goes on without that limit, and Applied tells.
// docs/LIMITS.md says what each limit does not stop. In Python, a child calls resource.setrlimit or os.nice on itself.
type Limits struct {
	// Memory is how many bytes the child may have: its Go heap, memory of C code, mappings that it has touched, and the program
	// itself; at least MinMemory. A child that has more is killed with all that it started: an *ExitError with
	// CauseOOM, in which errors.Is finds ErrMemory. The parent looks at the child's memory, more often near the limit, so the
	// child may be beyond the limit for some milliseconds. On Linux, where the parent may make cgroups, the kernel enforces the
	// limit too, also for what the child starts. The child's Go runtime collects its garbage sooner near the limit
	// (GOMEMLIMIT is about nine tenths of it, unless Env has one). Not on macOS.
	Memory int64
	// GOMAXPROCS is how many processors Go code of the child uses at once; at least 2, because with a single one a busy
	// function would keep the child from hearing its parent for 20 ms at a time.
	GOMAXPROCS int
	// Nice is how much the child gives way to other processes, at most 19. A value below the parent's, or below 0, needs a
	// privilege. The programs that the child starts inherit it. On Windows it stands for a priority class: idle from 10,
	// below normal from 1, above normal below 0, high from −10.
	Nice int
	// BestEffort starts the child even if a limit cannot be applied.
	BestEffort bool
}

// MinMemory is the least that Limits.Memory may be: a child that does nothing needs a quarter to a half of it, and with the race
// detector a little more than all of it.
const MinMemory = 16 * mebibyte

const mebibyte = 1 << 20

// Applied says which limits are in force. The method Limits of a process returns it.
type Applied struct {
	Memory     int64  // bytes; 0: none
	MemoryBy   string // what enforces it: ByCgroup or BySampling; empty: nothing
	GOMAXPROCS int    // 0: as many as it finds
	Nice       int    // 0: ours
	Missing    error  // what could not be applied, with BestEffort
}

// The values of Applied.MemoryBy.
const (
	ByCgroup   = "cgroup"   // the kernel, in a cgroup of the child's own, and the parent as in BySampling
	BySampling = "sampling" // the parent, which kills the child when it sees it beyond the limit
)

// Check says what is wrong with l.
func (l *Limits) Check() error {
	switch {
	case l.Memory < 0:
		return fmt.Errorf("mp: Limits.Memory is %d; it must be a number of bytes, or 0 for no limit", l.Memory)
	case l.Memory > 0 && l.Memory < MinMemory:
		return fmt.Errorf("mp: Limits.Memory is %d; it counts bytes, and a Go program that does nothing needs up to %s of them: it must be at least %d (%s), or 0 for no limit",
			l.Memory, megabytes(MinMemory/2), MinMemory, megabytes(MinMemory))
	case l.GOMAXPROCS < 0:
		return fmt.Errorf("mp: Limits.GOMAXPROCS is %d; it must be at least 2, or 0 for no limit", l.GOMAXPROCS)
	case l.GOMAXPROCS == 1:
		return fmt.Errorf("mp: Limits.GOMAXPROCS is 1; it must be at least 2, or 0 for no limit: with a single processor a busy function would keep the process from hearing its parent for 20 ms at a time")
	case l.Nice < -20 || l.Nice > 19:
		return fmt.Errorf("mp: Limits.Nice is %d; it must be from -20 (goes before others) to 19 (gives way to all), 0 for the parent's own", l.Nice)
	case l.Memory > 0 && !sys.MeasuresMemory && !l.BestEffort:
		return fmt.Errorf("mp: Limits.Memory: %w", unmeasured())
	}
	return nil
}

// MeasuresMemory says whether Child.Memory works on this system.
const MeasuresMemory = sys.MeasuresMemory

func unmeasured() error {
	return fmt.Errorf("this system does not tell how much memory another process has: %w", ErrUnsupported)
}

// Fences reports whether there is any limit.
func (l *Limits) Fences() bool { return l.Memory != 0 || l.GOMAXPROCS != 0 || l.Nice != 0 }

// environ are the variables that tell the child's Go runtime its limits. given is the child's Env: a GOMEMLIMIT in it stays.
func (l *Limits) environ(given []string) (env []string) {
	own := func(kv string) bool { return sys.EnvKey(variable(kv)) == "GOMEMLIMIT" }
	if l.Memory > 0 && !slices.ContainsFunc(given, own) {
		env = append(env, "GOMEMLIMIT="+strconv.FormatInt(goMemory(l.Memory), 10))
	}
	if l.GOMAXPROCS > 0 {
		env = append(env, "GOMAXPROCS="+strconv.Itoa(l.GOMAXPROCS))
	}
	return env
}

// goMemory is the GOMEMLIMIT of a child whose memory is limited. It leaves room, because the Go runtime does not count the
// program itself, and exceeds its limit by some MiB when garbage is made fast.
func goMemory(limit int64) int64 {
	return min(limit/10*9, max(limit-16*mebibyte, limit/4*3))
}

// megabytes is the text of a number of bytes in MiB, rounded up.
func megabytes(n int64) string {
	return fmt.Sprintf("%.0f MiB", math.Ceil(float64(n)/mebibyte))
}

// memoryError says that a process was killed because it exceeded its memory limit, or because the kernel had no memory left.
type memoryError struct {
	used  int64 // bytes; the process's peak if the kernel killed it
	limit int64 // bytes; 0: the process was in no cgroup with a limit of ours
	// kernel: the kernel killed it, as its counts of OOM kills show.
	kernel bool
}

func (e *memoryError) Error() string {
	switch {
	case !e.kernel:
		return fmt.Sprintf("it used %s, more than its limit of %s", megabytes(e.used), megabytes(e.limit))
	case e.limit > 0:
		return fmt.Sprintf("it had used at most %s, and its limit is %s", megabytes(e.used), megabytes(e.limit))
	}
	return fmt.Sprintf("it had used at most %s", megabytes(e.used))
}

// how describes the end of the process in the text of an ExitError.
func (e *memoryError) how() string {
	if e.kernel {
		return fmt.Sprintf("was killed by the kernel for want of memory (%v)", e)
	}
	return fmt.Sprintf("was killed because %v", e)
}

// Is makes it an ErrMemory.
func (e *memoryError) Is(target error) bool { return target == ErrMemory }
