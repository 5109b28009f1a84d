package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
)

const (
	batchSize = 25
	firstRate = 0.04 // of the gradient descent
	rateDecay = 0.8  // per epoch
)

// outcome is the result of a training.
type outcome struct {
	model   *model
	leftOut map[int]bool // samples that failed
	took    time.Duration
}

// train follows the PyTorch tutorial: trainset, trainloader, a look at the first batch of dataIter, and the loop over the
// epochs.
func train(ctx context.Context, o options) (*outcome, error) {
	start := time.Now()
	dir, err := os.MkdirTemp("", "classifier-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	config, err := o.config(dir)
	if err != nil {
		return nil, err
	}
	trainset := Trainset.With(config)
	done := &outcome{model: newModel(o.seed), leftOut: map[int]bool{}}
	trainloader, err := dataloader.New(ctx, trainset, Stack, o.loader(done.leftOut))
	if err != nil {
		return nil, err
	}
	defer trainloader.Close() // no worker is left after that
	showProcesses(o.out)

	dataIter, stop := iter.Pull2(trainloader.Epoch(ctx))
	first, err, _ := dataIter()
	stop()
	if err != nil {
		return nil, err
	}
	if err := show(o, first); err != nil {
		return nil, err
	}

	for _, in := range config.Incidents {
		told, err := in.happen()
		if err != nil {
			return nil, err
		}
		fmt.Fprintln(o.out, told)
	}
	rate := float32(firstRate)
	for epoch := range o.epochs {
		start, batches, samples, loss := time.Now(), 0, 0, 0.0
		for batch, err := range trainloader.Epoch(ctx) {
			if err != nil {
				return nil, err
			}
			images, labels := batch.X.Data, batch.Y
			loss += done.model.step(images, labels, rate)
			samples += len(labels)
			batches++
		}
		rate *= rateDecay
		fmt.Fprintf(o.out, "epoch %2d  loss %.3f  %.2f s  %d batches\n", epoch+1, loss/float64(samples), time.Since(start).Seconds(), batches)
	}
	fmt.Fprintf(o.out, "loader: %v\n", trainloader.Stats())
	done.took = time.Since(start)
	return done, nil
}

// loader returns how the loader is to make batches. The samples that it leaves out are added to leftOut.
func (o options) loader(leftOut map[int]bool) *dataloader.Options {
	opts := &dataloader.Options{
		BatchSize: batchSize, Shuffle: true, Seed: o.seed,
		Workers: o.workers, Persistent: true,
		// A batch takes milliseconds. A worker that takes longer than the deadline, half a second by default, is killed and
		// replaced.
		Timeout: o.deadline, KillDelay: 100 * time.Millisecond,
		// A sample that fails is tried a second time, in case it was not the sample's fault. Then it is left out.
		Retries: 1, OnError: o.onError, OnSkip: func(e *dataloader.SampleError) {
			known := len(leftOut)
			for _, i := range e.Samples() {
				leftOut[i] = true
			}
			if len(leftOut) > known {
				fmt.Fprintf(o.out, "  ! left out: %v\n", e)
			}
		},
		// A Go program that dies writes hundreds of lines to stderr. The error of its death keeps them.
		Stderr: io.Discard,
	}
	if len(o.without) > 0 {
		opts.BatchSize, opts.Shuffle = 0, false
		opts.BatchSampler = without{dataloader.Batched(dataloader.Shuffled(), batchSize, false), o.without}
	}
	return opts
}

// showProcesses prints this process and the workers that the loader has started.
func showProcesses(out io.Writer) {
	fmt.Fprintf(out, "classifier (pid %d)\n", os.Getpid())
	var workers []string
	for _, w := range mp.ActiveChildren() {
		workers = append(workers, fmt.Sprintf("%s (pid %d)", w.Name(), w.Pid()))
	}
	slices.Sort(workers)
	for i, w := range workers {
		branch := "├─"
		if i == len(workers)-1 {
			branch = "└─"
		}
		fmt.Fprintln(out, branch, w)
	}
}
