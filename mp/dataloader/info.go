package dataloader

import "context"

// WorkerInfo says in which worker code of a dataset, a collate function or a WorkerInit runs: get_worker_info of PyTorch.
type WorkerInfo struct {
	ID    int // from 0
	Count int // of all workers; 1 with Workers 0
	// Seed is of this worker and epoch, for an IterableDataset. What Get draws at random is better drawn from Rand, which is
	// the same whichever worker gets the sample. In WorkerInit, and while the dataset is opened, it is of the epoch that the
	// worker is started for. Those that New starts are for epoch 0 of Options.Seed, whatever Restore says after that.
	Seed uint64
	// Dataset is what was opened here; nil while it is being opened.
	Dataset any
}

// Worker tells the worker that ctx is of. ok is false in a ctx that is of no Loader. With Workers 0 it is the one that the
// caller's process is, where PyTorch says None.
func Worker(ctx context.Context) (info WorkerInfo, ok bool) {
	s, ok := scopeOf(ctx)
	if !ok {
		return WorkerInfo{}, false
	}
	return s.info, true
}

// scope is the ctx of a call of the program's code: what that is for.
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
