package mp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// These examples run in the test binary, whose TestMain calls mp.TestMain(m). A program calls mp.Main(run) in its main instead.

var Square = mp.Register("square", func(_ context.Context, n int) (int, error) { return n * n, nil })

func ExampleStart() {
	ctx := context.Background()
	p, err := mp.Start(ctx, Square, 12, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := p.Result(ctx)
	fmt.Println(n, err)
	// Output: 144 <nil>
}

var Upper = mp.Register("upper", func(_ context.Context, s string) (string, error) { return strings.ToUpper(s), nil })

func ExampleNewProcess() {
	ctx := context.Background()
	p := mp.NewProcess(Upper, "hello", &mp.ProcessOptions{Name: "shouter"})
	fmt.Println(p.Alive())
	if err := p.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	if err := p.Join(ctx); err != nil {
		fmt.Println(err)
		return
	}
	code, exited := p.ExitCode()
	fmt.Println(p.Name(), code, exited)
	fmt.Println(p.Result(ctx))
	// Output:
	// false
	// shouter 0 true
	// HELLO <nil>
}

func ExampleMap() {
	ctx := context.Background()
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	fmt.Println(mp.Map(ctx, pool, Square, []int{1, 2, 3, 4}))
	// Output: [1 4 9 16] <nil>
}

var Parse = mp.Register("parse", func(_ context.Context, s string) (time.Duration, error) { return time.ParseDuration(s) })

// An item's error is yielded in its place, and the loop goes on.
func ExampleIMap() {
	ctx := context.Background()
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	for d, err := range mp.IMap(ctx, pool, Parse, slices.Values([]string{"1m", "soon", "90s"})) {
		fmt.Println(d, err == nil)
	}
	// Output:
	// 1m0s true
	// 0s false
	// 1m30s true
}

func ExampleApply() {
	ctx := context.Background()
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	fmt.Println(mp.Apply(ctx, pool, Square, 7))
	// Output: 49 <nil>
}

func ExampleSubmit() {
	ctx := context.Background()
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	three, four := mp.Submit(ctx, pool, Square, 3), mp.Submit(ctx, pool, Square, 4)
	fmt.Println(three.Wait(ctx))
	fmt.Println(four.Wait(ctx))
	// Output:
	// 9 <nil>
	// 16 <nil>
}

// vocabulary is a global variable. Every worker has its own copy, which LoadVocabulary fills.
var vocabulary map[string]int

var (
	LoadVocabulary = mp.RegisterInit("vocabulary.load", func(_ context.Context, words []string) error {
		vocabulary = make(map[string]int)
		for i, w := range words {
			vocabulary[w] = i
		}
		return nil
	})
	Number = mp.Register("vocabulary.number", func(_ context.Context, w string) (int, error) { return vocabulary[w], nil })
)

func ExampleRegisterInit() {
	ctx := context.Background()
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{
		Workers: 2,
		Init:    LoadVocabulary.With([]string{"zero", "one", "two"}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	fmt.Println(mp.Map(ctx, pool, Number, []string{"two", "one"}))
	fmt.Println("here:", len(vocabulary))
	// Output:
	// [2 1] <nil>
	// here: 0
}

var Size = mp.Register("size", func(_ context.Context, path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, fmt.Errorf("nothing to measure: %w", err)
	}
	return info.Size(), nil
})

// An error that the function returned arrives as a value, and errors.Is still finds the standard library's sentinels in it.
func ExampleRemoteError() {
	ctx := context.Background()
	// A failed function is reported on standard error too, as in Python. Discard hides it here.
	p, err := mp.Start(ctx, Size, "no/such/file", &mp.ProcessOptions{Stderr: io.Discard})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = p.Result(ctx)
	var remote *mp.RemoteError
	if errors.As(err, &remote) {
		fmt.Println(remote.Func, remote.Type, remote.Panic)
		text, _, _ := strings.Cut(remote.Message, ":") // what follows differs between systems
		fmt.Println(text)
		fmt.Println(errors.Is(err, fs.ErrNotExist))
	}
	// Output:
	// size *fmt.wrapError false
	// nothing to measure
	// true
}

var Leave = mp.Register("leave", func(_ context.Context, code int) (int, error) {
	fmt.Fprintln(os.Stderr, "the licence has expired")
	os.Exit(code)
	return 0, nil
})

// The death of a process is an error value, with the end of its standard error.
func ExampleExitError() {
	ctx := context.Background()
	p, err := mp.Start(ctx, Leave, 7, &mp.ProcessOptions{Stderr: io.Discard})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = p.Result(ctx)
	var exit *mp.ExitError
	if errors.As(err, &exit) {
		fmt.Println(exit.Func, exit.Cause, exit.ExitCode)
		fmt.Print(exit.Stderr)
	}
	// Output:
	// leave exit 7
	// the licence has expired
}

var errQuota = errors.New("quota exceeded")

func init() { mp.RegisterError("example.quota", errQuota) }

var Reserve = mp.Register("reserve", func(_ context.Context, n int) (int, error) {
	if n > 10 {
		return 0, fmt.Errorf("reserving %d: %w", n, errQuota)
	}
	return n, nil
})

// RegisterError gives a sentinel of the program a name, so that errors.Is finds it in errors of other processes.
func ExampleRegisterError() {
	ctx := context.Background()
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	_, err = mp.Apply(ctx, pool, Reserve, 11)
	fmt.Println(errors.Is(err, errQuota))
	// Output: true
}

var Family = mp.Register("family", func(context.Context, string) (string, error) {
	me, parent := mp.CurrentProcess(), mp.ParentProcess()
	return fmt.Sprintf("%s is a child of %s", me.Name, parent.Name), nil
})

func ExampleParentProcess() {
	fmt.Println(mp.CurrentProcess().Name, mp.ParentProcess() == nil)
	ctx := context.Background()
	p, err := mp.Start(ctx, Family, "", &mp.ProcessOptions{Name: "kid"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Result(ctx))
	// Output:
	// MainProcess true
	// kid is a child of MainProcess <nil>
}

var Spin = mp.Register("spin", func(_ context.Context, forever bool) (string, error) {
	for forever {
		time.Sleep(time.Millisecond) // it never looks at its ctx
	}
	return "done", nil
})

// Timeout ends even a function that does not look at its ctx: after KillDelay its worker is killed and replaced.
func ExampleTimeout() {
	ctx := context.Background()
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 1, KillDelay: 10 * time.Millisecond})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	_, err = mp.Apply(ctx, pool, Spin, true, mp.Timeout(50*time.Millisecond))
	fmt.Println(errors.Is(err, mp.ErrTimeout), errors.Is(err, context.DeadlineExceeded))
	fmt.Println(mp.Apply(ctx, pool, Spin, false))
	// Output:
	// true true
	// done <nil>
}

// With KeepGoing, a bad item costs only its own result. The errors of all bad items are joined, in the order of the items.
func ExampleKeepGoing() {
	ctx := context.Background()
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	got, err := mp.Map(ctx, pool, Reserve, []int{5, 50, 6}, mp.KeepGoing())
	fmt.Println(got)
	var remote *mp.RemoteError
	if errors.As(err, &remote) {
		fmt.Printf("item %d: %s\n", remote.Index, remote.Message)
	}
	// Output:
	// [5 0 6]
	// item 1: reserving 50: quota exceeded
}

var Double = mp.Register("double", func(ctx context.Context, d time.Duration) (time.Duration, error) {
	select {
	case <-time.After(d):
		return 2 * d, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
})

// AsCompleted yields each call as soon as it has ended.
func ExampleAsCompleted() {
	ctx := context.Background()
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	slow := mp.Submit(ctx, pool, Double, 3*time.Second)
	quick := mp.Submit(ctx, pool, Double, time.Millisecond)
	for f, err := range mp.AsCompleted(ctx, slow, quick) {
		if err != nil { // ctx is over
			fmt.Println(err)
			return
		}
		fmt.Println(f.Wait(ctx))
	}
	// Output:
	// 2ms <nil>
	// 6s <nil>
}

func ExampleWaitAll() {
	ctx := context.Background()
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	fmt.Println(mp.WaitAll(ctx, mp.Submit(ctx, pool, Square, 3), mp.Submit(ctx, pool, Square, 4)))
	// Output: [9 16] <nil>
}

// OnDone runs a callback in a goroutine of its own when the call has ended.
func ExampleFuture_onDone() {
	ctx := context.Background()
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	called := make(chan bool)
	mp.Submit(ctx, pool, Square, 5).OnDone(func(f *mp.Future[int]) {
		fmt.Println(f.Wait(ctx)) // returns at once
		close(called)
	})
	<-called
	// Output: 25 <nil>
}
