package dataloader_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
)

func TestMain(m *testing.M) { mp.TestMain(m) }

var background = context.Background()

// config is the configuration of the datasets of these tests. Sample i of N is the number i.
type config struct {
	N         int
	Does      map[int]string // what getting a sample does: see numbers.do
	Dir       string         // where samples that do something once leave a mark
	Log       bool           // write to a file in Dir which samples each process gets
	Open      string         // what opening the dataset does
	Each      time.Duration  // how long a sample takes at least
	EachAfter string         // Each holds only when this sample has left its mark; "": always
}

type batch struct {
	Numbers []int
	Squares []float64
	Pid     int
}

var errUnlucky = errors.New("unlucky")

func init() { mp.RegisterError("dataloader_test.unlucky", errUnlucky) }

var (
	Numbers = dataloader.Register("numbers", func(ctx context.Context, c config) (dataloader.Dataset[int], error) {
		switch c.Open {
		case "fail":
			return nil, fmt.Errorf("no data: %w", errUnlucky)
		case "nil":
			return nil, nil
		case "die":
			prog.Kill(os.Getpid())
		case "panic":
			panic("open")
		case "hang":
			select {}
		case "wait":
			<-ctx.Done()
			return nil, ctx.Err()
		case "uneven":
			c.N += os.Getpid()
		case "count":
			if _, err := os.Stat(filepath.Join(c.Dir, "more")); err == nil {
				c.N++
			}
		}
		return &numbers{c}, nil
	})
	Batches = dataloader.RegisterBatch("batches", func(_ context.Context, c config) (dataloader.BatchDataset[batch], error) {
		return &batches{numbers{c}}, nil
	})
	Stream = dataloader.RegisterIterable("stream", func(_ context.Context, c config) (dataloader.IterableDataset[int], error) {
		return &stream{c}, nil
	})
	Collate = mp.Register("collate", func(ctx context.Context, samples []int) (batch, error) {
		b := batch{Pid: os.Getpid()}
		for _, n := range samples {
			if n < 0 {
				return b, errUnlucky
			}
			b.Numbers = append(b.Numbers, n)
			b.Squares = append(b.Squares, float64(n)*float64(n))
		}
		return b, nil
	})
	Nested = mp.Register("nested", func(ctx context.Context, n int) (got []int, err error) {
		l, err := dataloader.New(ctx, Numbers.With(config{N: n}), Collate, &dataloader.Options{BatchSize: 2, Workers: 2})
		if err != nil {
			return nil, err
		}
		defer l.Close()
		for b, err := range l.Epoch(ctx) {
			if err != nil {
				return nil, err
			}
			got = append(got, b.Numbers...)
		}
		return got, nil
	})
	Prepare = mp.RegisterInit("prepare", func(ctx context.Context, how string) error {
		info, ok := dataloader.Worker(ctx)
		switch {
		case !ok || info.Dataset == nil || info.ID < 0 || info.ID >= info.Count:
			return fmt.Errorf("this is no worker: %+v", info)
		case how == "fail":
			return errUnlucky
		case how == "wait":
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	})
	Count = mp.RegisterInit("count", func(_ context.Context, v *sharedmem.Value[int]) error {
		v.Add(1)
		return nil
	})
)

type numbers struct{ config }

func (d *numbers) Len() int {
	if d.N == -7 {
		panic("Len")
	}
	return d.N
}

func (d *numbers) Get(ctx context.Context, i int) (int, error) {
	if d.Log {
		f, err := os.OpenFile(filepath.Join(d.Dir, fmt.Sprint("log-", os.Getpid())), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			return 0, err
		}
		fmt.Fprintln(f, i)
		f.Close()
	}
	return i, d.do(ctx, i)
}

// do does what Does says of sample i.
func (d *numbers) do(ctx context.Context, i int) error {
	if d.EachAfter == "" || d.marked(d.EachAfter) {
		time.Sleep(d.Each)
	}
	what := d.Does[i]
	if once, found := cut(what, "once "); found {
		f, err := os.OpenFile(filepath.Join(d.Dir, fmt.Sprint(i)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil
		}
		f.Close()
		what = once
	}
	if other, found := cut(what, "after "); found { // wait for the mark of a sample that does something once
		for !d.marked(other) && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		return ctx.Err()
	}
	switch what {
	case "fail":
		return fmt.Errorf("sample %d: %w", i, errUnlucky)
	case "panic":
		panic(fmt.Sprint("sample ", i))
	case "goexit":
		runtime.Goexit()
	case "die":
		prog.Kill(os.Getpid())
		select {}
	case "exit":
		os.Exit(3)
	case "wait":
		<-ctx.Done()
		return ctx.Err()
	case "late":
		<-ctx.Done()
	case "deaf":
		for {
			time.Sleep(time.Hour)
		}
	case "slow":
		time.Sleep(100 * time.Millisecond)
	}
	return nil
}

// marked reports whether a sample that does something once has left its mark.
func (d *numbers) marked(sample string) bool {
	_, err := os.Stat(filepath.Join(d.Dir, sample))
	return err == nil
}

func cut(s, prefix string) (string, bool) {
	if len(s) > len(prefix) && s[:len(prefix)] == prefix {
		return s[len(prefix):], true
	}
	return s, false
}

type batches struct{ numbers }

func (d *batches) GetBatch(ctx context.Context, indices []int) (batch, error) {
	b := batch{Pid: os.Getpid()}
	for _, i := range indices {
		if d.Does[i] == "fail in company" && len(indices) == 4 {
			return b, errUnlucky
		}
		n, err := d.Get(ctx, i)
		if err != nil {
			return b, err
		}
		b.Numbers = append(b.Numbers, n)
		b.Squares = append(b.Squares, float64(n)*float64(n))
	}
	return b, nil
}

type stream struct{ config }

func (d *stream) Iterate(ctx context.Context) iter.Seq2[int, error] {
	if d.Open == "panic in Iterate" {
		panic("Iterate")
	}
	info, _ := dataloader.Worker(ctx)
	set := numbers{d.config}
	return func(yield func(int, error) bool) {
		if d.Open == "goexit at the end" {
			defer runtime.Goexit()
		}
		for i := info.ID; i < d.N; i += info.Count {
			if !yield(i, set.do(ctx, i)) {
				return
			}
		}
	}
}

// draws is a dataset of random numbers.
type draws int

func (d draws) Len() int { return int(d) }

func (d draws) Get(ctx context.Context, i int) (int, error) {
	n := dataloader.Rand(ctx).IntN(1 << 30)
	if n != dataloader.RandOf(ctx, i).IntN(1<<30) || n != dataloader.Rand(ctx).IntN(1<<30) {
		return 0, errors.New("Rand is not what it was")
	}
	return n, nil
}

var Draws = dataloader.Register("draws", func(_ context.Context, n int) (dataloader.Dataset[int], error) { return draws(n), nil })

// many returns n, or a tenth of it on Windows, where processes are slow.
func many(n int) int {
	if runtime.GOOS == "windows" {
		return max(n/10, 1)
	}
	return n
}

// newLoader returns a loader that is closed when the test ends.
func newLoader(t testing.TB, c config, opts *dataloader.Options) *dataloader.Loader[batch] {
	t.Helper()
	return open[batch](t)(dataloader.New(background, Numbers.With(c), Collate, opts))
}

func newBatched(t testing.TB, c config, opts *dataloader.Options) *dataloader.Loader[batch] {
	t.Helper()
	return open[batch](t)(dataloader.NewBatched(background, Batches.With(c), opts))
}

func newStream(t testing.TB, c config, opts *dataloader.Options) *dataloader.Loader[batch] {
	t.Helper()
	return open[batch](t)(dataloader.New(background, Stream.With(c), Collate, opts))
}

func open[B any](t testing.TB) func(*dataloader.Loader[B], error) *dataloader.Loader[B] {
	t.Helper()
	return func(l *dataloader.Loader[B], err error) *dataloader.Loader[B] {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := l.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
		return l
	}
}

// epoch runs an epoch, and returns its batches and the error that it ended with.
func epoch(l *dataloader.Loader[batch]) (all [][]int, err error) {
	for b, err := range l.Epoch(background) {
		if err != nil {
			return all, err
		}
		all = append(all, b.Numbers)
	}
	return all, nil
}

// want runs an epoch and checks its batches.
func want(t testing.TB, l *dataloader.Loader[batch], want [][]int) {
	t.Helper()
	got, err := epoch(l)
	if err != nil {
		t.Fatalf("after %v: %v", got, err)
	}
	if !slices.EqualFunc(got, want, slices.Equal[[]int]) {
		t.Fatalf("got  %v\nwant %v", got, want)
	}
}

// chunks returns the numbers below n in batches of size, without some of them.
func chunks(n, size int, without ...int) (all [][]int) {
	for from := 0; from < n; from += size {
		var b []int
		for i := from; i < min(n, from+size); i++ {
			if !slices.Contains(without, i) {
				b = append(b, i)
			}
		}
		if len(b) > 0 {
			all = append(all, b)
		}
	}
	return all
}
