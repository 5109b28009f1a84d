package dataloader

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Dataset is samples that can be got by their index: a map-style dataset of PyTorch. Every worker has its own, and calls Get
// for one sample at a time.
type Dataset[S any] interface {
	// Len is how many samples there are. It must be the same in every worker.
	Len() int
	// Get gets sample i, from 0. ctx ends when the sample is not wanted any more, or after Options.Timeout. Rand and Worker take
	// ctx. An error or a panic is handled as Options.OnError says.
	Get(ctx context.Context, i int) (S, error)
}

// BatchDataset is samples that are got a batch at a time: __getitems__ of PyTorch, with the collate in it. It is the fast path:
// GetBatch fills memory from Alloc, and the message only says where the batch lies in it.
type BatchDataset[B any] interface {
	// Len is how many samples there are. It must be the same in every worker.
	Len() int
	// GetBatch makes a batch of these samples. It must not keep indices. A failure is blamed on the batch; with Options.OnError
	// Skip, parts of the batch are tried alone to find the sample.
	GetBatch(ctx context.Context, indices []int) (B, error)
}

// IterableDataset is samples that come one after the other. Every worker has its own, which yields the share of that worker:
// Worker tells its ID and the number of workers.
type IterableDataset[S any] interface {
	// Iterate is called once for each epoch, and again from the beginning when the worker has died, or after Restore: it must
	// yield the same samples then. ctx ends with the epoch, and when a batch is called off or exceeds Options.Timeout. With
	// Options.OnError Skip, the iteration goes on after an error that it has yielded.
	Iterate(ctx context.Context) iter.Seq2[S, error]
}

// DatasetFunc opens a dataset in a worker. Register and RegisterIterable make one.
type DatasetFunc[C, S any] struct {
	init     *spawn.InitFunc[C]
	open     func(ctx context.Context, cfg C) (opened, error)
	iterable bool
}

// BatchDatasetFunc opens a dataset in a worker. RegisterBatch makes one.
type BatchDatasetFunc[C, B any] struct {
	init  *spawn.InitFunc[C]
	open  func(ctx context.Context, cfg C) (opened, error)
	codec *wire.Codec[B]
}

// Source is a dataset that is still to be opened: its function and its configuration.
type Source[S any] struct{ source }

// BatchSource is a dataset that is still to be opened: its function and its configuration.
type BatchSource[B any] struct {
	source
	codec *wire.Codec[B]
}

type source struct {
	init     spawn.Initializer
	open     func(ctx context.Context) (opened, error) // in this process
	iterable bool
}

// Register gives open a name under which workers find it. Call it where mp.Register is called: in a package variable, or in an
// init function. cfg is copied to every worker. Register panics if its type cannot be copied, open is nil or the name is taken.
//
// The ctx of open is only for the opening: it ends when open and WorkerInit have returned, or after Options.InitTimeout. A dataset
// that keeps goroutines or files ends them in its Close: if it is an io.Closer, it is closed when its worker ends, unless the
// worker dies. With Workers 0 it is closed when the Loader is closed and no Epoch loop runs any more. The Loader's Close returns
// the error of its Close; if a loop was running then, the log has it.
func Register[C, S any](name string, open func(ctx context.Context, cfg C) (Dataset[S], error)) *DatasetFunc[C, S] {
	refuseNil("Register", name, open == nil)
	typed := func(ctx context.Context, cfg C) (opened, error) {
		set, err := open(ctx, cfg)
		return indexed[S]{set}, given(set, err)
	}
	return &DatasetFunc[C, S]{init: register(name, typed), open: typed}
}

// RegisterIterable is Register for an IterableDataset.
func RegisterIterable[C, S any](name string, open func(ctx context.Context, cfg C) (IterableDataset[S], error)) *DatasetFunc[C, S] {
	refuseNil("RegisterIterable", name, open == nil)
	typed := func(ctx context.Context, cfg C) (opened, error) {
		set, err := open(ctx, cfg)
		return &iterated[S]{set: set}, given(set, err)
	}
	return &DatasetFunc[C, S]{init: register(name, typed), open: typed, iterable: true}
}

// RegisterBatch is Register for a BatchDataset. It also panics if a B cannot be sent to another process.
func RegisterBatch[C, B any](name string, open func(ctx context.Context, cfg C) (BatchDataset[B], error)) *BatchDatasetFunc[C, B] {
	refuseNil("RegisterBatch", name, open == nil)
	codec, err := wire.Compile[B]()
	if err != nil {
		panic(fmt.Sprintf("mp: dataloader.RegisterBatch(%q): the batch cannot be sent to another process: %v", name, err))
	}
	typed := func(ctx context.Context, cfg C) (opened, error) {
		set, err := open(ctx, cfg)
		return batched[B]{set, codec}, given(set, err)
	}
	return &BatchDatasetFunc[C, B]{init: register(name, typed), open: typed, codec: codec}
}

func refuseNil(verb, name string, isNil bool) {
	if isNil {
		panic(fmt.Sprintf("mp: dataloader.%s(%q): the function is nil", verb, name))
	}
}

// given returns err, or an error if open has returned no dataset without one.
func given(set any, err error) error {
	if v := reflect.ValueOf(set); err == nil && (!v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()) {
		return errors.New("it returned no dataset")
	}
	return err
}

// openingKey is the key under which the ctx of the initializer has the *opened that is to receive the dataset.
type openingKey struct{}

func register[C any](name string, open func(context.Context, C) (opened, error)) *spawn.InitFunc[C] {
	return spawn.RegisterInit(name, func(ctx context.Context, cfg C) error {
		place, ok := ctx.Value(openingKey{}).(*opened)
		if !ok {
			return errors.New("a dataset is opened by a Loader: it is no initializer of a pool")
		}
		set, err := open(ctx, cfg)
		if err == nil {
			*place = set
		}
		return err
	})
}

// With binds the configuration. Every worker gets its own copy, also a worker that is started later. The caller may close files
// and shared memory in cfg when New has returned. With Workers 0, open gets cfg itself.
func (f *DatasetFunc[C, S]) With(cfg C) Source[S] {
	return Source[S]{source{init: f.init.With(cfg), iterable: f.iterable, open: bind(f.open, cfg)}}
}

// Name is the registered name.
func (f *DatasetFunc[C, S]) Name() string { return f.init.Name() }

// With binds the configuration. Every worker gets its own copy, also a worker that is started later. The caller may close files
// and shared memory in cfg when New has returned. With Workers 0, open gets cfg itself.
func (f *BatchDatasetFunc[C, B]) With(cfg C) BatchSource[B] {
	return BatchSource[B]{source{init: f.init.With(cfg), open: bind(f.open, cfg)}, f.codec}
}

// Name is the registered name.
func (f *BatchDatasetFunc[C, B]) Name() string { return f.init.Name() }

func bind[C any](open func(context.Context, C) (opened, error), cfg C) func(context.Context) (opened, error) {
	return func(ctx context.Context) (opened, error) { return open(ctx, cfg) }
}
