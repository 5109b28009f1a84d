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
// index queue, which tells it what batches to make, Prefetch of them at a time. All workers send their batches back over one
// data queue. The loader yields them in the order of the sampler, whichever arrives first, unless Options.Order says otherwise.
//
// The error of a failed sample names its index. A worker that dies is replaced, and other workers make the batches that it had
// not sent: no batch is lost or comes twice, and the order stays. What a batch holds depends on Options.Seed, the epoch and its
// samples, not on the number of workers, nor on which of them made it. With Workers 0 the goroutine of the loop makes the
// batches. An IterableDataset is the exception: its workers share it out among them, so their number decides what is in a batch.
//
// RegisterBatch and NewBatched are the fast path: a BatchDataset makes a whole batch at once, in memory from Alloc, which this
// process maps, too. Loader.State and Loader.Restore resume a run at any batch. docs/DATALOADER.md compares all of it with PyTorch.
package dataloader
