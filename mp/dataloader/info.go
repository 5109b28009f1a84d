package dataloader

import "context"

// WorkerInfo says in which worker code of a dataset, a collate function or a WorkerInit runs: get_worker_info of PyTorch.
type WorkerInfo struct {
	ID    int // from 0
	Count int // of all workers; 1 with Workers 0
	// Seed depends on the worker and the epoch; it is for an IterableDataset. Get had better use Rand, which is the same whichever
	// worker gets the sample. In WorkerInit, and while the dataset is opened, Seed is that of the epoch that the worker is started
	// for. Workers started by New are started for epoch 0 of Options.Seed, whatever Restore says after that.
	Seed uint64
	// Dataset is what was opened in the worker; nil while it is being opened.
	Dataset any
}

// Worker returns the worker that the caller runs in. ctx is the one that a Loader has passed; with another one, ok is false. With
// Workers 0 it is worker 0 of 1, where PyTorch says None.
func Worker(ctx context.Context) (info WorkerInfo, ok bool) {
	s, ok := scopeOf(ctx)
	if !ok {
		return WorkerInfo{}, false
	}
	return s.info, true
}

// scope is the ctx with which the program's code is called. It tells what the call is for.
type scope struct {
	context.Context
	info  WorkerInfo
	seed  uint64 // of the loader
	epoch int
	index int   // of the sample; whole: none; joint: of several
	batch []int // the indices that were ordered
}

type scopeKey struct{}

// Value is documented with context.Context.
func (s *scope) Value(key any) any {
	if key == (scopeKey{}) {
		return s
	}
	return s.Context.Value(key)
}

func scopeOf(ctx context.Context) (*scope, bool) {
	s, ok := ctx.Value(scopeKey{}).(*scope)
	return s, ok
}
