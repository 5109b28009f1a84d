package main

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// classify trains with worker processes, then without, and compares.
func classify(ctx context.Context, o options) error {
	test, err := loadSet(o.data, "t10k")
	if err != nil {
		return err
	}
	if o.workers == 0 {
		fmt.Println("no workers: all is done in this process, without the incidents, which it would not survive")
		o.incidents = nil
	}
	trained, err := train(ctx, o)
	if err != nil {
		return err
	}
	accuracy := fmt.Sprintf("accuracy %.1f %% on %d unseen images; %.2f s", 100*trained.model.accuracy(test), test.Len(), trained.took.Seconds())
	if o.workers == 0 {
		fmt.Println(accuracy)
		return nil
	}

	alone := o
	alone.workers, alone.incidents, alone.without, alone.out, alone.sheet = 0, nil, trained.leftOut, io.Discard, ""
	clean, err := train(ctx, alone)
	if err != nil {
		return err
	}
	fmt.Printf("%s, in-process %.2f s\n", accuracy, clean.took.Seconds())
	sum := trained.model.fingerprint()
	switch {
	case sum != clean.model.fingerprint():
		return errors.New("weights differ from those of the clean in-process run")
	case len(trained.leftOut) == 0:
		fmt.Printf("weights identical to the in-process run (sha256 %.4x…)\n", sum)
		return nil
	}
	fmt.Printf("weights identical to the clean in-process run without them (sha256 %.4x…)\n", sum)
	return tellGoroutines(ctx, o)
}
