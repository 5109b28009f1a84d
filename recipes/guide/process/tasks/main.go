// Tasks is what one does with processes.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	tasks := map[string]func(context.Context) error{"deadline": deadline, "stop": stop, "errors": failures, "files": files}
	return tasks[os.Args[1]](ctx)
}

// region deadline
var Spin = mp.Register("spin", func(context.Context, int) (int, error) {
	for { // and never a look at its ctx
	}
})

func deadline(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	p, err := mp.Start(ctx, Spin, 0, &mp.ProcessOptions{KillDelay: 200 * time.Millisecond})
	if err != nil {
		return err
	}
	_, err = p.Result(context.Background())
	fmt.Println(err)
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	return nil
}

// endregion

// region stop
var Serve = mp.Register("serve", func(ctx context.Context, _ string) (string, error) {
	<-ctx.Done() // the ctx of Start has ended
	return "goodbye", nil
})

func stop(ctx context.Context) error {
	life, end := context.WithCancel(ctx)
	polite, err := mp.Start(life, Serve, "", nil)
	if err != nil {
		end()
		return err
	}
	end() // asks; KillDelay later, one second, it is killed
	fmt.Println(polite.Result(ctx))

	killed, err := mp.Start(ctx, Spin, 0, nil)
	if err != nil {
		return err
	}
	if err := killed.Kill(); err != nil { // with all that it has started
		return err
	}
	_, err = killed.Result(ctx)
	fmt.Println(err)
	return nil
}

// endregion

// region errors
var errClosed = errors.New("the shop is closed")

func init() { mp.RegisterError("shop.closed", errClosed) }

var Buy = mp.Register("buy", func(_ context.Context, how string) (int, error) {
	switch how {
	case "late":
		return 0, fmt.Errorf("no bread: %w", errClosed)
	case "badly":
		panic("no money")
	default:
		os.Exit(7)
	}
	return 0, nil
})

func failures(ctx context.Context) error {
	for _, how := range []string{"late", "badly", "never"} {
		p, err := mp.Start(ctx, Buy, how, &mp.ProcessOptions{Stderr: io.Discard})
		if err != nil {
			return err
		}
		_, err = p.Result(ctx)
		fmt.Println(err)
		if remote, ok := errors.AsType[*mp.RemoteError](err); ok {
			fmt.Println("  it said no; panic:", remote.Panic, "closed:", errors.Is(err, errClosed))
		}
		if exit, ok := errors.AsType[*mp.ExitError](err); ok {
			fmt.Println("  it died; cause:", exit.Cause, "code:", exit.ExitCode)
		}
	}
	return nil
}

// endregion

// region files
var Lines = mp.Register("lines", func(_ context.Context, f *os.File) (int, error) {
	defer f.Close() // the function owns what it was given
	n := 0
	for s := bufio.NewScanner(f); s.Scan(); {
		n++
	}
	return n, nil
})

func files(ctx context.Context) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	p, err := mp.Start(ctx, Lines, r, nil)
	r.Close() // we keep our own
	if err != nil {
		return errors.Join(err, w.Close())
	}
	fmt.Fprint(w, "one\ntwo\nthree\n")
	if err := w.Close(); err != nil {
		return err
	}
	fmt.Println(p.Result(ctx))
	return nil
}

// endregion
