package process_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

func TestMain(m *testing.M) {
	if os.Getenv("MP_TEST_SLEEP") != "" { // play a program that does not use mp: see Sub
		time.Sleep(1000 * time.Second)
		return
	}
	mp.TestMain(prog.Tests{M: m})
}

// These functions run in the children of these tests.
var (
	Double = mp.Register("double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	Echo   = mp.Register("echo", func(_ context.Context, v value) (value, error) { return v, nil })
	Bytes  = mp.Register("bytes", func(_ context.Context, n int) ([]byte, error) { return make([]byte, n), nil })
	Length = mp.Register("length", func(_ context.Context, b []byte) (int, error) { return len(b), nil })
	Who    = mp.Register("who", who)

	Fail = mp.Register("fail", func(_ context.Context, path string) (int, error) {
		_, err := os.Open(path)
		return 0, fmt.Errorf("reading the list: %w", errors.Join(err, errOwn))
	})
	Misbehave = mp.Register("misbehave", misbehave)
	Wait      = mp.Register("wait", func(ctx context.Context, _ int) (string, error) {
		fmt.Println("waiting")
		<-ctx.Done()
		return "stopped", ctx.Err()
	})
	Deaf = mp.Register("deaf", func(context.Context, int) (int, error) {
		fmt.Println("deaf")
		for {
			time.Sleep(time.Hour)
		}
	})
	Opaque  = mp.Register("opaque", func(_ context.Context, a any) (any, error) { return a, nil })
	ReadAll = mp.Register("readall", func(_ context.Context, f *os.File) (string, error) {
		defer f.Close()
		b, err := io.ReadAll(f)
		return string(b), err
	})
	Call = mp.Register("call", func(ctx context.Context, c *mp.Conn) (int, error) {
		return 0, errors.Join(c.Send(ctx, "there"), c.Close())
	})
	Open = mp.Register("open", func(_ context.Context, path string) (*os.File, error) { return os.Open(path) })
	Sub  = mp.Register("sub", func(_ context.Context, deaf bool) (int, error) {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "MP_TEST_SLEEP=1")
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			return 0, err
		}
		for deaf {
			fmt.Println(cmd.Process.Pid)
			time.Sleep(time.Hour)
		}
		return cmd.Process.Pid, nil
	})
	Tree   *mp.Func[int, []string]
	errOwn = errors.New("an error of our own")
)

type value struct {
	Name  string
	List  []float64
	Map   map[string][]int
	Next  *value
	Error error
	When  time.Time
}

type identity struct {
	Name, Parent                 string
	Pid, ParentPid               int
	Daemon, ParentAlive, NoStdin bool
	Args                         []string
	Dir, Comm, Home              string
}

func who(context.Context, int) (identity, error) {
	me, parent := mp.CurrentProcess(), mp.ParentProcess()
	dir, _ := os.Getwd()
	n, err := os.Stdin.Read(make([]byte, 1))
	var comm []byte
	if runtime.GOOS == "linux" {
		comm, _ = os.ReadFile("/proc/self/comm")
	}
	return identity{
		Name: me.Name, Pid: me.Pid, Daemon: me.Daemon, Args: os.Args, Dir: dir, NoStdin: n == 0 && err == io.EOF,
		Comm: strings.TrimSpace(string(comm)), Home: os.Getenv("HOME"),
		Parent: parent.Name, ParentPid: parent.Pid, ParentAlive: parent.Alive(),
	}, nil
}

func init() {
	mp.RegisterError("process_test.own", errOwn)
	Tree = mp.Register("tree", func(ctx context.Context, deep int) ([]string, error) {
		names := []string{mp.CurrentProcess().Name}
		for range min(deep, 2) {
			p, err := mp.Start(ctx, Tree, deep-1, nil)
			if err != nil {
				return nil, err
			}
			below, err := p.Result(ctx)
			if err != nil {
				return nil, err
			}
			names = append(names, below...)
		}
		return names, nil
	})
}

func writeTo(m map[string]int) { m["x"] = 1 }

// floodLines is how many lines of 800 bytes the "flood" of misbehave writes before its last line.
const floodLines = 1 << 13

// misbehave ends the process, or the goroutine, in one of many ways.
func misbehave(ctx context.Context, how string) (string, error) {
	switch how {
	case "panic":
		panic("no more")
	case "panic error":
		panic(fmt.Errorf("wrapped: %w", os.ErrDeadlineExceeded))
	case "nil map":
		writeTo(nil)
	case "goroutine panic":
		go func() { panic("elsewhere") }()
		select {}
	case "fatal":
		new(sync.Mutex).Unlock()
	case "stack":
		debug.SetMaxStack(16 << 20) // the default takes seconds to fill
		return misbehave(ctx, string(append([]byte(nil), how...)))
	case "goexit":
		runtime.Goexit()
	case "exit 0":
		os.Exit(0)
	case "exit 300":
		os.Exit(300)
	case "exit 7":
		os.Exit(7)
	case "mp.Exit 9":
		mp.AtExit(func() { fmt.Fprintln(os.Stderr, "hook in the child") })
		mp.Exit(9)
	case "kill":
		prog.Kill(os.Getpid())
		select {}
	case "garbage":
		writeEverywhere([]byte(strings.Repeat("garbage\n", 100)))
		time.Sleep(time.Hour)
	case "unknown message":
		writeEverywhere([]byte("MPF1\x63" + strings.Repeat("\x00", 19)))
		time.Sleep(time.Hour)
	case "two results":
		writeEverywhere([]byte(strings.Repeat("MPF1\x10"+strings.Repeat("\x00", 11)+"\x02\x00\x00\x00\x00\x00\x00\x00\xa1x", 2)))
		time.Sleep(time.Hour)
	case "close link":
		closeEverything()
		time.Sleep(time.Hour)
	case "flood":
		line := strings.Repeat("x", 799) + "\n"
		for range floodLines {
			os.Stderr.WriteString(line)
		}
		os.Stderr.WriteString("the last line\n")
		os.Exit(3)
	case "close stdio":
		os.Stdout.Close()
		os.Stderr.Close()
		return "closed", nil
	case "stop":
		prog.Freeze(os.Getpid())
	default:
		return how, signalOneself(how)
	}
	return how, nil
}

// started starts a process and waits for the first line that it prints. The function is running when started returns.
func started[A, R any](t testing.TB, ctx context.Context, fn *mp.Func[A, R], arg A, opts *mp.ProcessOptions) *mp.Process[R] {
	t.Helper()
	if opts == nil {
		opts = &mp.ProcessOptions{}
	}
	line := make(signalWriter, 1)
	opts.Stdout = line
	p, err := mp.Start(ctx, fn, arg, opts)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-line:
	case <-p.Done():
		_, err := p.Result(context.Background())
		t.Fatalf("it ended early: %v, %v", p, err)
	}
	return p
}

type signalWriter chan struct{}

func (w signalWriter) Write(p []byte) (int, error) {
	select {
	case w <- struct{}{}:
	default:
	}
	return len(p), nil
}

func tempFile(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(prog.TempDir(t), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
