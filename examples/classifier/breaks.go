package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
)

// tellFailure shows the error that ends the epoch when a sample fails and the policy is Fail, which is the default.
func tellFailure(ctx context.Context, o options, k kind) error {
	o.workers, o.onError, o.incidents = max(o.workers, 1), dataloader.Fail, []kind{k}
	_, err := train(ctx, o)
	sample, ok := errors.AsType[*dataloader.SampleError](err)
	if !ok {
		return fmt.Errorf("the sample does not fail: %w", err)
	}
	fmt.Printf("the epoch ends with an error:\n\n%v\n\n", err)
	fmt.Printf("*dataloader.SampleError: sample %d, batch %d, worker %s, %d attempts\n", sample.Index, sample.Batch, sample.Worker, sample.Attempts)
	if death, ok := errors.AsType[*mp.ExitError](err); ok {
		fmt.Printf("*mp.ExitError: cause %s, signal %d; Stack has the %d bytes that the dying worker wrote\n", death.Cause, death.Signal, len(death.Stack))
	}
	if failure, ok := errors.AsType[*mp.RemoteError](err); ok {
		fmt.Printf("*mp.RemoteError: type %s; errors.Is finds fs.ErrNotExist: %v\n", failure.Type, errors.Is(err, fs.ErrNotExist))
	}
	return nil
}

// tellSlow shows that Stats tells when a program waits for its loader, and that more workers help.
func tellSlow(ctx context.Context, o options) error {
	o.epochs, o.incidents, o.slow = 1, nil, time.Millisecond
	fmt.Printf("each image takes %v longer\n", o.slow)
	for _, o.workers = range []int{2, 8} {
		if _, err := train(ctx, o); err != nil {
			return err
		}
	}
	return nil
}
