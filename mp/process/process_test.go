package process_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/process"
)

// PY-PROC-01, PY-PROC-15
func TestCurrent(t *testing.T) {
	me := mp.CurrentProcess()
	if me.Name != "MainProcess" || me.Pid != os.Getpid() || me.Daemon || mp.ParentProcess() != nil {
		t.Errorf("%+v, parent %v", me, mp.ParentProcess())
	}
	if mp.CPUCount() < 1 { // PY-PROC-15
		t.Error(mp.CPUCount())
	}
}

// PY-PROC-03, PY-EXIT-01
func TestResult(t *testing.T) {
	leak.Check(t)
	want := value{
		Name: "n", List: []float64{1, 2.5}, Map: map[string][]int{"a": {1}, "b": nil},
		Next: &value{Name: "next"}, Error: fs.ErrNotExist, When: time.Now().Round(0),
	}
	p, err := mp.Start(t.Context(), Echo, want, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Result(t.Context())
	if err != nil || !errors.Is(got.Error, fs.ErrNotExist) {
		t.Fatalf("%+v, %v", got, err)
	}
	got.Error = want.Error
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v came back as %+v", want, got)
	}
}

// PY-PROC-05, PY-PROC-07, PY-PROC-16, PY-PROC-29, PY-PROC-33
func TestLifecycle(t *testing.T) {
	leak.Check(t)
	ctx := t.Context()
	dir, err := filepath.EvalSymlinks(prog.TempDir(t))
	if err != nil {
		t.Fatal(err)
	}
	p := mp.NewProcess(Who, 0, &mp.ProcessOptions{Name: "worker", Daemon: true, Dir: dir, Env: []string{"HOME=/nowhere"}})
	if p.Alive() || p.Pid() != 0 || p.Name() != "worker" || !p.Daemon() || len(mp.ActiveChildren()) != 0 {
		t.Errorf("before Start: %v", p)
	}
	if _, exited := p.ExitCode(); exited {
		t.Error("it has an exit code before Start")
	}
	for what, err := range map[string]error{
		"Join": p.Join(ctx), "Terminate": p.Terminate(), "Kill": p.Kill(), "Interrupt": p.Interrupt(),
	} {
		if !errors.Is(err, process.ErrNotStarted) {
			t.Errorf("%s before Start: %v", what, err)
		}
	}
	if _, err := p.Result(ctx); !errors.Is(err, process.ErrNotStarted) {
		t.Errorf("Result before Start: %v", err)
	}
	if err := p.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(ctx); !errors.Is(err, process.ErrAlreadyStarted) {
		t.Errorf("a second Start: %v", err)
	}
	id, err := p.Result(ctx)
	if err != nil {
		t.Fatal(err)
	}
	want := identity{
		Name: "worker", Parent: "MainProcess", Pid: p.Pid(), ParentPid: os.Getpid(), Daemon: true, ParentAlive: true,
		Args: os.Args, Dir: dir, NoStdin: true, Home: "/nowhere",
	}
	if runtime.GOOS == "linux" {
		want.Comm = "worker"
	}
	if !reflect.DeepEqual(id, want) {
		t.Errorf("in the child: %+v, want %+v", id, want)
	}
	if code, exited := p.ExitCode(); code != 0 || !exited || p.Alive() || len(mp.ActiveChildren()) != 0 {
		t.Errorf("after its end: %v", p)
	}
	if u := p.Usage(); u.PeakRSS < 1<<20 && !prog.Wine() || u.User+u.System <= 0 {
		t.Errorf("usage: %+v", u)
	}
	if s := p.String(); !strings.HasPrefix(s, "<Process name='worker' pid=") || !strings.HasSuffix(s, "stopped exitcode=0 daemon>") {
		t.Error(s)
	}
	<-p.Done()
	for _, signal := range []func() error{p.Terminate, p.Kill, p.Interrupt} { // PY-PROC-35
		if err := signal(); err != nil {
			t.Errorf("a signal after its end: %v", err)
		}
	}
}

// PY-PROC-19
func TestClose(t *testing.T) {
	leak.Check(t)
	p := started(t, t.Context(), Deaf, 0, nil)
	if err := p.Close(); !errors.Is(err, process.ErrStillRunning) {
		t.Errorf("Close while it runs: %v", err)
	}
	p.Kill()
	p.Join(t.Context())
	for range 2 {
		if err := p.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if err := p.Join(t.Context()); !errors.Is(err, mp.ErrClosed) {
		t.Errorf("Join after Close: %v", err)
	}
	if p.Alive() || p.String() != "<Process closed>" {
		t.Error(p)
	}
}

// PY-PROC-09
func TestJoinIsBounded(t *testing.T) {
	leak.Check(t)
	p := started(t, t.Context(), Deaf, 0, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Join(ctx); !errors.Is(err, context.Canceled) || !p.Alive() {
		t.Errorf("Join: %v, %v", err, p)
	}
	p.Kill()
	p.Join(t.Context())
	if err := p.Join(ctx); err != nil { // Join need not wait, so the end of its ctx does not matter
		t.Errorf("Join of an ended process under a ctx that is over: %v", err)
	}
}

// Terminate, Kill and Interrupt end a process, and its exit code and error name the signal. Windows has no signals, but the exit
// codes are the same. Interrupt is left out there: it only ends the ctx of the function, which Deaf does not look at.
//
// PY-PROC-11 … 14, PY-EXIT-05
func TestSignals(t *testing.T) {
	signals := map[syscall.Signal]func(*mp.Process[int]) error{
		syscall.SIGTERM: (*mp.Process[int]).Terminate,
		syscall.SIGKILL: (*mp.Process[int]).Kill,
	}
	if runtime.GOOS != "windows" {
		signals[syscall.SIGINT] = (*mp.Process[int]).Interrupt
	}
	for sig, send := range signals {
		leak.Check(t)
		p := started(t, t.Context(), Deaf, 0, nil)
		if s := p.String(); !strings.HasSuffix(s, " started>") || len(mp.ActiveChildren()) != 1 {
			t.Error(s, mp.ActiveChildren())
		}
		if err := send(p); err != nil {
			t.Fatal(err)
		}
		_, err := p.Result(t.Context())
		var exit *mp.ExitError
		if !errors.As(err, &exit) || exit.Signal != sig || exit.ExitCode != -int(sig) || exit.Cause != mp.CauseSignal ||
			exit.Func != "deaf" || exit.Pid != p.Pid() {
			t.Errorf("%v: %v", sig, err)
		}
		if code, _ := p.ExitCode(); code != -int(sig) {
			t.Errorf("exit code %d after %v", code, sig)
		}
	}
}

// PY-PROC-17, PY-PROC-32
func TestNamesInATree(t *testing.T) {
	leak.Check(t)
	p, err := mp.Start(t.Context(), Tree, 2, &mp.ProcessOptions{Name: "root"})
	if err != nil {
		t.Fatal(err)
	}
	names, err := p.Result(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var suffixes []string // the first number depends on the tests before this one
	for _, n := range names[1:] {
		_, path, _ := strings.Cut(n, ":")
		suffixes = append(suffixes, path)
	}
	if want := []string{"1", "1:1", "2", "2:1"}; names[0] != "root" || !slices.Equal(suffixes, want) {
		t.Errorf("%v", names)
	}
}

// PY-PROC-21, PY-PROC-20, PY-ORPH-05
func TestManyAtOnce(t *testing.T) {
	leak.Check(t)
	var deaf []*mp.Process[int]
	for range 20 {
		deaf = append(deaf, started(t, t.Context(), Deaf, 0, nil))
	}
	for _, p := range deaf {
		select {
		case <-p.Done(): // PY-PROC-18
			t.Errorf("%v is done while it runs", p)
		default:
		}
		p.Terminate()
	}
	for _, p := range deaf {
		p.Join(t.Context())
		if code, _ := p.ExitCode(); code != -int(syscall.SIGTERM) {
			t.Errorf("%v", p)
		}
	}
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			p, err := mp.Start(t.Context(), Double, i, nil)
			if err != nil {
				t.Error(err)
				return
			}
			if n, err := p.Result(t.Context()); n != 2*i || err != nil {
				t.Errorf("%d, %v", n, err)
			}
		})
	}
	wg.Wait()
}

// PY-PROC-34: nothing is started when the argument cannot be sent.
func TestUnsendableArgument(t *testing.T) {
	leak.Check(t)
	cycle := &value{}
	cycle.Next = cycle
	if _, err := mp.Start(t.Context(), Echo, *cycle, nil); err == nil || !strings.Contains(err.Error(), "echo: the argument cannot be sent") {
		t.Errorf("a cycle: %v", err)
	}
	if _, err := mp.Start(t.Context(), Opaque, any(func() {}), nil); err == nil || !strings.Contains(err.Error(), "func()") {
		t.Errorf("a func in any: %v", err)
	}
	if _, err := mp.Start[int, int](t.Context(), nil, 0, nil); err == nil {
		t.Error("a nil function was started")
	}
	if len(mp.ActiveChildren()) != 0 {
		t.Error(mp.ActiveChildren())
	}
}

func TestStartFails(t *testing.T) {
	leak.Check(t)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := mp.Start(over, Double, 1, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a ctx that is over: %v", err)
	}
	missing := filepath.Join(prog.TempDir(t), "missing")
	_, err := mp.Start(t.Context(), Double, 1, &mp.ProcessOptions{Dir: missing})
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "working directory "+missing) {
		t.Errorf("no such directory: %v", err)
	}
	p := mp.NewProcess(Double, 1, nil)
	if err := p.Start(over); err == nil {
		t.Error("started under a ctx that is over")
	}
	if err := p.Start(t.Context()); err != nil { // a Start that failed may be tried again
		t.Fatal(err)
	}
	if n, err := p.Result(t.Context()); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

// When mp.Start fails, the end of a Pipe in its argument stays with the caller, who can use it or send it again.
func TestStartFailsWithAPipe(t *testing.T) {
	leak.Check(t)
	ctx := t.Context()
	ours, theirs, err := mp.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	defer theirs.Close()
	over, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := mp.Start(over, Call, theirs, nil); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := theirs.Send(ctx, "here"); err != nil {
		t.Fatal(err)
	}
	var got string
	if err := ours.Recv(ctx, &got); got != "here" || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
	p, err := mp.Start(ctx, Call, theirs, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := ours.Recv(ctx, &got); got != "there" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := p.Result(ctx); err != nil {
		t.Error(err)
	}
}

// The end of a Pipe does not stay with the caller if the child received it before Start failed. That happens when the ctx of Start
// ends just as the function begins.
func TestStartFailsTooLateForAPipe(t *testing.T) {
	leak.Check(t)
	for range 100 {
		ours, theirs, err := mp.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		heard := make(chan string)
		go func() {
			var got string
			ours.Recv(t.Context(), &got)
			cancel()
			heard <- got
		}()
		p, err := mp.Start(ctx, Call, theirs, nil)
		if err == nil {
			<-heard
			p.Join(t.Context())
			ours.Close()
			continue
		}
		if again := theirs.Send(t.Context(), "here"); again == nil || !strings.Contains(again.Error(), "moved") {
			t.Errorf("the end is here again: %v, after: %v", again, err)
		}
		theirs.Close()
		if got := <-heard; got != "there" {
			t.Errorf("%q, %v", got, err)
		}
		ours.Close()
		t.Log(err)
		return
	}
	t.Skip("the ctx has never ended at the right moment")
}

// An argument or a result may be larger than any buffer on the way. PY-CONN-04
func TestLargeMessages(t *testing.T) {
	leak.Check(t)
	const size = 64 << 20
	p, err := mp.Start(t.Context(), Length, make([]byte, size), nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := p.Result(t.Context()); n != size || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	q, err := mp.Start(t.Context(), Bytes, size, nil)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := q.Result(t.Context()); len(b) != size || err != nil {
		t.Errorf("%d, %v", len(b), err)
	}
}

// A file can be an argument and a result.
func TestFiles(t *testing.T) {
	leak.Check(t)
	path := tempFile(t, "the text of a file")
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := mp.Start(t.Context(), ReadAll, f, nil)
	f.Close()
	if err != nil {
		t.Fatal(err)
	}
	if s, err := p.Result(t.Context()); s != "the text of a file" || err != nil {
		t.Errorf("%q, %v", s, err)
	}
	q, err := mp.Start(t.Context(), Open, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	g, err := q.Result(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if b, _ := os.ReadFile(path); !bytes.Equal(b, readAll(g)) {
		t.Error("the file that came back holds something else")
	}
}

func readAll(f *os.File) []byte {
	var b bytes.Buffer
	b.ReadFrom(f)
	return b.Bytes()
}
