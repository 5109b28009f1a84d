package process_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/record"
	"github.com/go-multiprocessing/multiprocessing/mp/process"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// patience is how long these tests wait for an event before they fail.
const patience = 30 * time.Second

// born is the time at which the init functions of this process ran. Those of a spare run before Start takes it.
var born = time.Now()

type birth struct {
	identity
	Born time.Time
	Var  string
}

var Born = mp.Register("born", func(ctx context.Context, _ int) (birth, error) {
	me, err := who(ctx, 0)
	return birth{me, born, os.Getenv("MP_TEST_VAR")}, err
})

// keeper reads what the library logs about spares.
type keeper struct {
	t     testing.TB
	ready chan int         // pids of spares that are ready
	other chan spareRecord // deaths and failed starts
	late  chan int         // pids of spares that Start has given up because they did not answer in time
}

type spareRecord struct{ message, text string }

// keepSpares keeps n spares until the end of the test, and checks that nothing is left of them.
func keepSpares(t testing.TB, n int) *keeper {
	t.Helper()
	leak.Check(t)
	k := &keeper{t, make(chan int, 1000), make(chan spareRecord, 1000), make(chan int, 1000)}
	spawn.SetLog(record.Debug, func(r *record.Record) {
		switch {
		case r.Message == "a spare process is ready":
			k.ready <- r.Args[1].(int)
		case strings.HasPrefix(r.Message, "a spare process"):
			k.other <- spareRecord{r.Message, string(r.Append(nil))}
		case r.Message == "a process could not be started" && r.Args[5] == true && errors.Is(r.Args[7].(error), mp.ErrTimeout):
			k.late <- r.Args[3].(int)
		}
	})
	t.Cleanup(func() {
		spawn.SetLog(record.Off, nil)
		if err := process.KeepSpares(0); err != nil {
			t.Error(err)
		}
	})
	if err := process.KeepSpares(n); err != nil {
		t.Fatal(err)
	}
	return k
}

// await waits until the next spare is ready.
func (k *keeper) await() (pid int) { return next(k.t, k.ready) }

// use calls start with the pid of a spare that is ready. start calls Start and reports whether a spare was used. Only if Start has given
// the spare up because it did not answer in time, as happens on a busy machine, use tries again with the next one.
func (k *keeper) use(pid int, start func(pid int) bool) {
	k.t.Helper()
	for late := 0; !start(pid); pid = k.await() {
		select {
		case <-k.late:
			if late++; late == 5 {
				k.t.Fatal("five spares have not answered in time")
			}
		default:
			k.t.Fatalf("spare %d was not used", pid)
		}
	}
}

func next[T any](t testing.TB, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatal("nothing has happened")
	}
	return v
}

// bear starts a process and reports whether it was a spare: its init functions then ran before the call.
func bear(t testing.TB, opts *mp.ProcessOptions) (b birth, spare bool) {
	t.Helper()
	begin := time.Now().Round(0) // without the monotonic clock, which the child's time has lost on its way
	p, err := mp.Start(context.Background(), Born, 0, opts)
	if err != nil {
		t.Fatal(err)
	}
	b, err = p.Result(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if b.Pid != p.Pid() || b.Name != p.Name() {
		t.Errorf("it is %+v, and %v here", b, p)
	}
	return b, b.Born.Before(begin)
}

// bears starts a process, and reports whether it was the spare.
func (k *keeper) bears(pid int) bool {
	k.t.Helper()
	b, spare := bear(k.t, nil)
	return spare && b.Pid == pid
}

// A spare has bootstrapped before Start takes it, and until then ActiveChildren does not list it. From then on it is like any
// other process: it has a name, a parent and a directory.
func TestSpare(t *testing.T) {
	k := keepSpares(t, 1)
	var last int
	for range 3 {
		k.use(k.await(), func(pid int) bool {
			if all := mp.ActiveChildren(); len(all) != 0 {
				t.Errorf("a spare is among the children: %v", all)
			}
			b, spare := bear(t, nil)
			var number int
			if fmt.Sscanf(b.Name, "Process-%d", &number); last != 0 && number != last+1 {
				t.Errorf("%s comes after Process-%d", b.Name, last)
			}
			last = number
			dir, _ := os.Getwd()
			if b.ParentPid != os.Getpid() || !b.ParentAlive || b.Parent != "MainProcess" || b.Daemon || b.Dir != dir || !b.NoStdin ||
				runtime.GOOS == "linux" && b.Comm != b.Name {
				t.Errorf("%+v", b)
			}
			return spare && b.Pid == pid
		})
	}
	k.use(k.await(), func(pid int) bool {
		b, spare := bear(t, &mp.ProcessOptions{Name: "own", Daemon: true})
		if b.Name != "own" || !b.Daemon {
			t.Errorf("%+v", b)
		}
		return spare
	})
	k.await()
	p, err := mp.Start(t.Context(), Misbehave, "exit 7", nil)
	if err != nil {
		t.Fatal(err)
	}
	var exit *mp.ExitError
	if _, err := p.Result(t.Context()); !errors.As(err, &exit) || exit.ExitCode != 7 || exit.Func != "misbehave" || exit.Name != p.Name() {
		t.Errorf("%v", err)
	}
}

// Start uses no spare if it is given an option that is fixed when a process starts: Dir, Env, Stdout, Stderr or Limits.
func TestSparesServeDefaultsOnly(t *testing.T) {
	k := keepSpares(t, 1)
	pid := k.await()
	var out strings.Builder
	for what, opts := range map[string]*mp.ProcessOptions{
		"Dir":    {Dir: prog.TempDir(t)},
		"Env":    {Env: []string{"MP_TEST_VAR=given"}},
		"Stdout": {Stdout: &out},
		"Stderr": {Stderr: &out},
		"Limits": {Limits: mp.Limits{GOMAXPROCS: 2}},
	} {
		b, spare := bear(t, opts)
		if spare || opts.Env != nil && b.Var != "given" || opts.Dir != "" && b.Dir != opts.Dir && runtime.GOOS == "linux" {
			t.Errorf("%s: a spare: %v, %+v", what, spare, b)
		}
	}
	k.use(pid, k.bears)
}

// When the directory, the environment or a stream that spares have inherited changes, the old spares are not used, and new ones
// take their place.
func TestStaleSpares(t *testing.T) {
	k := keepSpares(t, 2)
	for what, change := range map[string]func(){
		"directory":   func() { t.Chdir(prog.TempDir(t)) },
		"environment": func() { t.Setenv("MP_TEST_VAR", "changed") },
		"stdout": func() {
			before := os.Stdout
			t.Cleanup(func() { os.Stdout = before })
			os.Stdout = os.Stderr
		},
	} {
		if what == "directory" && runtime.GOOS == "windows" {
			continue // the handle of the directory that Chdir goes back to is a new one, which leak.Check would report
		}
		k.await()
		k.await()
		change()
		dir, _ := os.Getwd()
		start := func(int) bool {
			b, spare := bear(t, nil)
			if b.Dir != dir || b.Var != os.Getenv("MP_TEST_VAR") {
				t.Errorf("%s: %+v", what, b)
			}
			return spare
		}
		if start(0) {
			t.Errorf("%s: a stale spare was used", what)
		}
		for _, pid := range []int{k.await(), k.await()} { // the two new spares
			k.use(pid, start)
		}
	}
	k.await() // wait, so that no goroutine reads os.Stdout while the cleanup restores it
	k.await()
}

// While MP_DEBUG_WAIT is set, no process is started from a spare.
func TestNoSparesForDebuggers(t *testing.T) {
	t.Setenv("MP_DEBUG_WAIT", "nobody")
	k := keepSpares(t, 1)
	k.await()
	if _, spare := bear(t, nil); spare {
		t.Error("it was a spare")
	}
}

// A Start that finds no spare starts a process as without spares.
func TestManyTakersOfSpares(t *testing.T) {
	k := keepSpares(t, 4)
	for range 4 {
		k.await()
	}
	var mu sync.Mutex
	seen := make(map[int]bool)
	spares := 0
	var takers sync.WaitGroup
	for range 24 {
		takers.Go(func() {
			b, spare := bear(t, nil)
			mu.Lock()
			defer mu.Unlock()
			if seen[b.Pid] {
				t.Errorf("two were given process %d", b.Pid)
			}
			seen[b.Pid] = true
			if spare {
				spares++
			}
		})
	}
	takers.Wait()
	if late := len(k.late); spares == 0 || spares+late < 4 {
		t.Errorf("%d of 24 were spares, and %d more were too late", spares, late)
	}
}

// Each call of KeepSpares takes the place of the one before.
func TestKeepSparesAgain(t *testing.T) {
	k := keepSpares(t, 1)
	first := k.await()
	if err := process.KeepSpares(2); err != nil {
		t.Fatal(err)
	}
	a, b := k.await(), k.await()
	if a == first || b == first || a == b {
		t.Error(first, a, b)
	}
	if err := process.KeepSpares(-1); err == nil || !strings.Contains(err.Error(), "must not be negative") {
		t.Error(err)
	}
	k.use(a, func(int) bool { // the call that failed has changed nothing
		_, spare := bear(t, nil)
		return spare
	})
	if err := process.KeepSpares(0); err != nil {
		t.Fatal(err)
	}
	if _, spare := bear(t, nil); spare {
		t.Error("there are spares after KeepSpares(0)")
	}
}

// A spare that needs longer to read a large argument is not taken for frozen.
func TestSpareWithALargeArgument(t *testing.T) {
	k := keepSpares(t, 1)
	k.use(k.await(), func(pid int) bool {
		p, err := mp.Start(t.Context(), Length, make([]byte, 8<<20), nil)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := p.Result(t.Context()); n != 8<<20 || err != nil {
			t.Error(n, err, pid, p)
		}
		return p.Pid() == pid
	})
}

// An argument that cannot be sent is the same error as without spares.
func TestSpareAndAClosedFile(t *testing.T) {
	k := keepSpares(t, 1)
	k.await()
	f, err := os.Open(tempFile(t, "x"))
	if err != nil {
		t.Fatal(err)
	}
	p := mp.NewProcess(ReadAll, f, nil)
	f.Close()
	if err := p.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "its argument cannot be sent") {
		t.Errorf("%v", err)
	}
}

// A spare that dies while it waits is replaced.
func TestSpareDies(t *testing.T) {
	k := keepSpares(t, 1)
	for range 3 {
		pid := k.await()
		prog.Kill(pid)
		if r := next(t, k.other); r.message != "a spare process has died" || !strings.Contains(r.text, fmt.Sprint(pid)) {
			t.Errorf("%+v", r)
		}
	}
	k.use(k.await(), k.bears)
}

// A Start succeeds even if the spare that it takes dies meanwhile.
func TestSparesUnderFire(t *testing.T) {
	k := keepSpares(t, 2)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		for {
			select {
			case pid := <-k.ready:
				prog.Kill(pid)
			case <-stop:
				return
			}
		}
	})
	for range 100 {
		p, err := mp.Start(t.Context(), Double, 21, nil)
		exit := (*mp.ExitError)(nil)
		if runtime.GOOS == "windows" && errors.As(err, &exit) { // Wine reuses pids at once: the kill of a spare has hit this child
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		n, err := p.Result(t.Context())
		if errors.As(err, &exit) && exit.Pid == p.Pid() { // the kill came after Start had taken the spare
			continue
		}
		if n != 42 || err != nil {
			t.Error(n, err)
		}
	}
	close(stop)
	wg.Wait()
}

// A program can keep spares even if its children are slow, hang, die or do not match the parent. The log says why a spare failed,
// failed spares are not retried too often, and no Start waits for a spare. KeepSpares before Main or at exit is an error.
func TestSparesOfOddPrograms(t *testing.T) {
	program := prog.Build(t, "./testdata/keep")
	for how, want := range map[string]prog.Result{
		"early": {Stdout: "true\n"},
		"exits": {Stdout: "true\n"},
		"slow":  {Stdout: "true <nil>\n"},
		"dies":  {Stdout: "true WARN\nfalse false true\n", Stderr: "no licence"},
		"other": {Stdout: "true WARN\ntrue true false\n", Stderr: "registered in the child only"},
		"hangs": {Stdout: "hanging\n"},
	} {
		t.Run(how, func(t *testing.T) {
			leak.Check(t)
			r := prog.Run(t, program, []string{"MP_TEST_HOW=" + how})
			if r.Code != 0 || r.Stdout != want.Stdout || !strings.Contains(r.Stderr, want.Stderr) {
				t.Errorf("%+v", r)
			}
			nobody(t, program)
		})
	}
}

// Spares end when their parent ends, even if it is killed.
func TestSparesOfAKilledParent(t *testing.T) {
	leak.Check(t)
	program := prog.Build(t, "./testdata/keep")
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "MP_TEST_HOW=waits")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var line string
	if _, err := fmt.Fscanln(out, &line); line != "ready" {
		t.Errorf("%q, %v", line, err)
	}
	if n := len(prog.Running(program)); n != 3 {
		t.Errorf("%d processes, not 3", n)
	}
	cmd.Process.Kill()
	cmd.Wait()
	nobody(t, program)
}

// nobody waits until no process of the program is left.
func nobody(t *testing.T, program string) {
	t.Helper()
	for deadline := time.Now().Add(patience); len(prog.Running(program)) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("left: %v", prog.Running(program))
		}
	}
}
