// Package dataloader gets batches of samples ready in other processes while the program works on the ones before: PyTorch's
// torch.utils.data.DataLoader with num_workers > 0.
//
//	var Digits = dataloader.Register("digits", openDigits) // opens a Dataset[Digit] in a worker
//	var Stack = mp.Register("stack", stack)                // makes a Batch of []Digit there
//
//	loader, err := dataloader.New(ctx, Digits.With("digits.bin"), Stack,
//		&dataloader.Options{BatchSize: 32, Workers: 2, Shuffle: true})
//	defer loader.Close()
//	for batch, err := range loader.Epoch(ctx) { … }
//
// Every worker opens the dataset once. The sampler runs in this process: it says which samples make a batch. Each worker has an
// index queue, by which it hears of the batches that it is to get, Prefetch of them at a time, and all share one data queue,
// by which they come back. They are yielded in the order of the sampler, whichever arrives first, unless Options.Order says
// otherwise.
//
// A sample that fails is named by its index. A worker that dies is replaced, and what it had not sent is got by others: no
// batch is lost or comes twice, and the order stays. What a batch holds depends on Options.Seed, the epoch and its samples,
// not on how many workers there are, nor on who got it: with Workers 0 the caller's own goroutine does. Only an
// IterableDataset is shared out by its workers, so that their number decides what is in a batch.
//
// RegisterBatch and NewBatched are the fast path: a BatchDataset makes a batch at once, in memory from Alloc that this process
// has, too. Loader.State and Loader.Restore resume a run at any batch. docs/DATALOADER.md has all of it beside PyTorch.
package dataloader
