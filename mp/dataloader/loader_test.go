package dataloader_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
)

func TestNewFails(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{0, 2} {
		for _, c := range []struct {
			open  string
			inits string
			is    error
			text  string
		}{
			{open: "fail", is: errUnlucky, text: "numbers failed in"},
			{open: "panic", text: "numbers panicked in"},
			{open: "nil", text: "no dataset"},
			{open: "die", text: "signal"},
			{open: "uneven", text: "Len must be the same"},
			{open: "hang", is: mp.ErrTimeout, text: "did not stop at its InitTimeout of 100ms"},
			{inits: "fail", is: errUnlucky, text: "prepare failed in"},
		} {
			if workers == 0 && slices.Contains([]string{"die", "uneven", "hang"}, c.open) || runtime.GOOS == "windows" && c.open == "die" {
				continue
			}
			opts := &dataloader.Options{Workers: workers, InitTimeout: 5 * time.Second, KillDelay: 10 * time.Millisecond}
			if c.open == "hang" {
				opts.InitTimeout = 100 * time.Millisecond
			}
			if c.inits != "" {
				opts.WorkerInit = Prepare.With(c.inits)
			}
			_, err := dataloader.New(background, Numbers.With(config{N: 5, Open: c.open}), Collate, opts)
			if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%d %+v: %v", workers, c, err)
			}
			if died := c.open == "die" || c.open == "hang"; errors.As(err, new(*mp.ExitError)) != died {
				t.Errorf("%d %+v: %v: an ExitError: %v", workers, c, err, !died)
			}
		}
		want(t, newLoader(t, config{N: 5}, &dataloader.Options{Workers: workers, WorkerInit: Prepare.With("")}), chunks(5, 1))
	}
}

func TestOptionsAreRefused(t *testing.T) {
	leak.Check(t)
	for _, o := range []dataloader.Options{
		{BatchSize: -1},
		{Workers: -1},
		{Prefetch: -1},
		{Timeout: -1},
		{InitTimeout: -1},
		{Retries: -1},
		{OnError: 7},
		{Order: dataloader.Window(-1)},
		{Limits: mp.Limits{Nice: 1}},
		{Dir: "x"},
		{Workers: 1, Limits: mp.Limits{Memory: 1}},
		{Shuffle: true, Sampler: dataloader.Sequential()},
		{BatchSize: 2, BatchSampler: dataloader.Batched(dataloader.Sequential(), 2, false)},
	} {
		l, err := dataloader.New(background, Numbers.With(config{N: 5}), Collate, &o)
		if err == nil {
			l.Close()
			t.Errorf("%+v is taken", o)
		}
	}
	if _, err := dataloader.New(background, Stream.With(config{}), Collate, &dataloader.Options{Shuffle: true}); err == nil {
		t.Error("a stream is shuffled")
	}
	if _, err := dataloader.New(background, dataloader.Source[int]{}, Collate, nil); err == nil {
		t.Error("an empty source is taken")
	}
	if _, err := dataloader.New[int, batch](background, Numbers.With(config{}), nil, nil); err == nil {
		t.Error("a nil collate is taken")
	}
}

// InitTimeout ends the ctx in which the dataset is opened, and that of WorkerInit.
func TestInitTimeout(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{0, 2} {
		opts := dataloader.Options{Workers: workers, InitTimeout: 50 * time.Millisecond, KillDelay: time.Minute}
		_, err := dataloader.New(background, Numbers.With(config{N: 5, Open: "wait"}), Collate, &opts)
		if !errors.Is(err, mp.ErrTimeout) || !strings.Contains(err.Error(), "numbers failed in") {
			t.Errorf("%d workers: %v", workers, err)
		}
		opts.WorkerInit = Prepare.With("wait")
		_, err = dataloader.New(background, Numbers.With(config{N: 5}), Collate, &opts)
		if !errors.Is(err, mp.ErrTimeout) || !strings.Contains(err.Error(), "prepare failed in") {
			t.Errorf("%d workers: %v", workers, err)
		}
	}
}

// Shut closes its argument.
var Shut = mp.RegisterInit("shut", func(_ context.Context, f *os.File) error { return f.Close() })

// An initializer gets a file of its own, even with Workers 0: when it closes the file, the caller's stays open.
func TestInitFile(t *testing.T) {
	leak.Check(t)
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, workers := range []int{0, 2} {
		l := newLoader(t, config{N: 2}, &dataloader.Options{Workers: workers, WorkerInit: Shut.With(f)})
		want(t, l, chunks(2, 1))
		if _, err := f.Stat(); err != nil {
			t.Errorf("%d workers: %v", workers, err)
		}
	}
}

// WorkerInit runs in every worker, also in one that replaces a dead worker.
func TestInitInEveryWorker(t *testing.T) {
	leak.Check(t)
	counter, err := sharedmem.NewValue(0)
	if err != nil {
		t.Fatal(err)
	}
	defer counter.Close()
	c := config{N: 5, Does: map[int]string{3: "once exit"}, Dir: prog.TempDir(t)}
	l := newLoader(t, c, &dataloader.Options{Workers: 1, WorkerInit: Count.With(counter)})
	for range 2 {
		want(t, l, chunks(5, 1))
	}
	if n := counter.Load(); n != 3 || l.Stats().Starts != 3 {
		t.Errorf("%d times, %+v", n, l.Stats())
	}
}

// A batch overtakes at most as many others as Order allows, and with Unordered a slow batch holds up no other.
func TestOrder(t *testing.T) {
	leak.Check(t)
	for _, window := range []int{0, 1, 3, -1} {
		order := dataloader.Window(max(window, 0))
		if window < 0 {
			order = dataloader.Unordered()
		}
		c := config{N: 30, Does: map[int]string{0: "slow", 10: "slow"}, Dir: prog.TempDir(t)}
		if window < 0 { // 0 is done only after 15 was begun, so the batches before 15 overtake 0 however fast the workers are
			c.Does = map[int]string{0: "after 15", 10: "slow", 15: "once slow"}
		}
		l := newLoader(t, c, &dataloader.Options{Workers: 2, Order: order, Prefetch: 3})
		got, err := epoch(l)
		if err != nil {
			t.Fatal(err)
		}
		numbers := slices.Concat(got...)
		if window < 0 && slices.Index(numbers, 0) < 4 {
			t.Errorf("nothing has overtaken the slow one: %v", numbers)
		}
		for i, n := range numbers {
			for _, before := range numbers[:i] {
				if window >= 0 && before-n > window {
					t.Errorf("window %d: %d has overtaken %d", window, before, n)
				}
			}
		}
		slices.Sort(numbers)
		if !slices.Equal(numbers, slices.Concat(chunks(30, 1)...)) {
			t.Errorf("%v", numbers)
		}
	}
}

// Without View, a batch stays as it is after the next iteration. With View, it is right until then.
func TestView(t *testing.T) {
	leak.Check(t)
	for _, view := range []bool{false, true} {
		l := open[image](t)(dataloader.NewBatched(background, Images.With(20), &dataloader.Options{BatchSize: 2, Workers: 2, View: view}))
		var kept []image
		for range 2 {
			n := 0
			for b, err := range l.Epoch(background) {
				if err != nil {
					t.Fatal(err)
				}
				if b.Pixels[0] != float32(2*n) || b.Pixels[len(b.Pixels)-1] != float32(2*n+1) || len(b.Pixels) != 2*pixels || b.Label[0] != 2*n {
					t.Fatalf("batch %d: %v %v", n, b.Pixels[0], b.Label)
				}
				kept = append(kept, b)
				n++
			}
		}
		for i, b := range kept {
			if first := float32(i % 10 * 2); !view && (b.Pixels[0] != first || b.Pixels[2*pixels-1] != first+1) {
				t.Errorf("batch %d has changed", i)
			}
		}
	}
}

const pixels = 10_000

type image struct {
	Pixels []float32
	Label  []int
}

type images int

func (d images) Len() int { return int(d) }

func (d images) GetBatch(ctx context.Context, indices []int) (image, error) {
	b := image{dataloader.Alloc[float32](ctx, pixels*len(indices)), slices.Clone(indices)}
	for k, i := range indices {
		for p := range pixels {
			b.Pixels[k*pixels+p] = float32(i)
		}
	}
	return b, nil
}

var Images = dataloader.RegisterBatch("images", func(_ context.Context, n int) (dataloader.BatchDataset[image], error) { return images(n), nil })

// The heap does not grow with the number of epochs, and they leave nothing behind.
func TestManyEpochs(t *testing.T) {
	leak.Check(t)
	for _, opts := range []dataloader.Options{{Workers: 2, Persistent: true}, {}, {Workers: 1, Persistent: true, View: true}} {
		l := newLoader(t, config{N: 7}, &opts)
		var before runtime.MemStats
		for n := range many(1000) {
			if n == many(100) {
				runtime.GC()
				runtime.ReadMemStats(&before)
			}
			want(t, l, chunks(7, 1))
		}
		var after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&after)
		if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 1<<20 {
			t.Errorf("the heap has grown by %d bytes", grown)
		}
		t.Log(l.Stats())
	}
}

func TestInsideAPoolWorker(t *testing.T) {
	leak.Check(t)
	p, err := mp.NewPool(background, &mp.PoolOptions{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	got, err := mp.Map(background, p, Nested, []int{5, 8})
	if err != nil || !slices.Equal(got[0], []int{0, 1, 2, 3, 4}) || len(got[1]) != 8 {
		t.Error(got, err)
	}
}

// The configuration may hold handles, such as a shared Value. Each worker gets them.
func TestHandleInConfig(t *testing.T) {
	leak.Check(t)
	counter, err := sharedmem.NewValue(0)
	if err != nil {
		t.Fatal(err)
	}
	defer counter.Close()
	for _, workers := range []int{0, 3} {
		counter.Store(0)
		l := open[batch](t)(dataloader.New(background, Counted.With(counter), Collate, &dataloader.Options{Workers: workers}))
		want(t, l, chunks(20, 1))
		if n := counter.Load(); n != 20 {
			t.Errorf("%d samples were counted", n)
		}
	}
}

type counted struct{ *sharedmem.Value[int] }

func (counted) Len() int { return 20 }

func (c counted) Get(_ context.Context, i int) (int, error) {
	c.Add(1)
	return i, nil
}

var Counted = dataloader.Register("counted", func(_ context.Context, v *sharedmem.Value[int]) (dataloader.Dataset[int], error) {
	return counted{v}, nil
})

// An index that the dataset does not have ends the epoch with an error, and an empty batch of a sampler is not yielded. A panic of
// a sampler comes out of the loop.
func TestSamplersThatAreWrong(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{0, 2} {
		l := newLoader(t, config{N: 5}, &dataloader.Options{Workers: workers, BatchSampler: lists{{0}, {}, {4, 3}, {}}})
		want(t, l, [][]int{{0}, {4, 3}})
		for _, wrong := range []int{-1, 5} {
			l := newLoader(t, config{N: 5}, &dataloader.Options{Workers: workers, BatchSampler: lists{{0}, {1, wrong}, {2}}})
			if got, err := epoch(l); len(got) != 1 || err == nil || !strings.Contains(err.Error(), fmt.Sprintf("asks for sample %d of numbers", wrong)) {
				t.Errorf("%v, %v", got, err)
			}
		}
		l = newLoader(t, config{N: 5}, &dataloader.Options{Workers: workers, BatchSampler: lists(nil)})
		func() {
			defer func() { _ = recover() }()
			epoch(l)
			t.Error("a sampler that panics goes unnoticed")
		}()
		func() {
			defer func() { _ = recover() }()
			epoch(l)
			t.Error("it does not panic again")
		}()
	}
}

type lists [][]int

func (l lists) Batches(int, uint64, int) iter.Seq[[]int] {
	if l == nil {
		panic("no lists")
	}
	return slices.Values(l)
}

// A dataset that has a Close method is closed when its worker ends, or with Workers 0 when the loader is closed.
func TestDatasetIsClosed(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{0, 2} {
		counter, err := sharedmem.NewValue(0)
		if err != nil {
			t.Fatal(err)
		}
		defer counter.Close()
		l := open[batch](t)(dataloader.New(background, Closing.With(counter), Collate, &dataloader.Options{Workers: workers, KillDelay: time.Minute}))
		for range l.Epoch(background) {
			l.Close()
		}
		if n := counter.Load(); n != max(workers, 1) {
			t.Errorf("%d of %d were closed", n, workers)
		}
		if _, err := dataloader.New(background, Closing.With(counter), Collate, &dataloader.Options{Workers: min(workers, 1), WorkerInit: Prepare.With("fail")}); err == nil {
			t.Error("WorkerInit does not fail")
		}
		if n := counter.Load() - max(workers, 1); n != 1 {
			t.Errorf("%d were closed after WorkerInit has failed", n)
		}
	}
}

// The Loader's Close returns the errors of the dataset's Close, one for each worker.
func TestDatasetIsNotClosed(t *testing.T) {
	leak.Check(t)
	for _, does := range []string{"fail", "panic"} {
		for _, workers := range []int{0, 2} {
			l, err := dataloader.New(background, Unclosable.With(does), Collate, &dataloader.Options{Workers: workers, KillDelay: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := epoch(l); err != nil {
				t.Error(err)
			}
			err = l.Close()
			if n := strings.Count(fmt.Sprint(err), "not flushed"); n != max(workers, 1) {
				t.Errorf("%s, %d workers: %v", does, workers, err)
			}
			if remote, ok := errors.AsType[*mp.RemoteError](err); !ok || remote.Func != Unclosable.Name() || remote.Panic != (does == "panic") {
				t.Errorf("%s, %d workers: %#v", does, workers, remote)
			}
		}
	}
}

type unclosable struct{ does string }

func (unclosable) Len() int                                  { return 20 }
func (unclosable) Get(_ context.Context, i int) (int, error) { return i, nil }
func (u unclosable) Close() error {
	if u.does == "panic" {
		panic("not flushed")
	}
	return errors.New("not flushed")
}

var Unclosable = dataloader.Register("unclosable", func(_ context.Context, does string) (dataloader.Dataset[int], error) {
	return unclosable{does}, nil
})

type closing struct{ *sharedmem.Value[int] }

func (closing) Len() int { return 20 }

func (closing) Get(_ context.Context, i int) (int, error) { return i, nil }

func (c closing) Close() error {
	c.Add(1)
	return nil
}

var Closing = dataloader.Register("closing", func(_ context.Context, v *sharedmem.Value[int]) (dataloader.Dataset[int], error) {
	return closing{v}, nil
})

// early is the error of a New before Main.
var early = func() error {
	_, err := dataloader.New(background, Numbers.With(config{N: 1}), Collate, &dataloader.Options{Workers: 1})
	return err
}()

// refused are the panics of registrations that are refused.
var refused = func() (all []any) {
	taken := Numbers.Name()
	for _, register := range []func(){
		func() { dataloader.Register[int, int]("dataloader_test.nil", nil) },
		func() { dataloader.RegisterIterable[int, int]("dataloader_test.nil", nil) },
		func() { dataloader.RegisterBatch[int, int]("dataloader_test.nil", nil) },
		func() {
			dataloader.Register(taken, func(context.Context, int) (dataloader.Dataset[int], error) { return nil, nil })
		},
		func() {
			dataloader.Register("dataloader_test.unsent", func(context.Context, chan int) (dataloader.Dataset[int], error) { return nil, nil })
		},
		func() {
			dataloader.RegisterBatch("dataloader_test.unsent", func(context.Context, int) (dataloader.BatchDataset[chan int], error) { return nil, nil })
		},
	} {
		func() {
			defer func() { all = append(all, recover()) }()
			register()
		}()
	}
	return all
}()

func TestRegisterRefuses(t *testing.T) {
	for i, text := range []string{"nil", "nil", "nil", "numbers", "chan int", "chan int"} {
		if got := fmt.Sprint(refused[i]); !strings.HasPrefix(got, "mp: ") || !strings.Contains(got, text) {
			t.Errorf("%d: %s", i, got)
		}
	}
}

func TestTooEarly(t *testing.T) {
	if !errors.Is(early, mp.ErrBootstrapping) {
		t.Errorf("%v", early)
	}
}
