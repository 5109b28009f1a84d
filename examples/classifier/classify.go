package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// classify trains with worker processes, then without, and compares.
func classify(ctx context.Context, o options) error {
	fmt.Printf("classifier (pid %d)\n", os.Getpid())
	train, err := loadSet(o.data, "train")
	if err != nil {
		return err
	}
	test, err := loadSet(o.data, "t10k")
	if err != nil {
		return err
	}

	if o.workers == 0 {
		fmt.Println("no workers: all is done in this process, without the incidents, which it would not survive")
		alone, err := trainAlone(ctx, o, train, nil, printEpoch)
		if err != nil {
			return err
		}
		fmt.Printf("accuracy %.1f %% on %d unseen images; %.2f s\n",
			100*alone.model.accuracy(test), test.len(), alone.took.Seconds())
		return nil
	}

	fed, err := trainWithWorkers(ctx, o, train)
	if err != nil {
		return err
	}
	clean, err := trainAlone(ctx, o, train, fed.leftOut, func(epoch) {})
	if err != nil {
		return err
	}
	fmt.Printf("accuracy %.1f %% on %d unseen images; %.2f s, in-process %.2f s\n",
		100*fed.model.accuracy(test), test.len(), fed.took.Seconds(), clean.took.Seconds())
	sum := fed.model.fingerprint()
	switch {
	case sum != clean.model.fingerprint():
		return errors.New("weights differ from those of the clean in-process run")
	case len(fed.leftOut) == 0:
		fmt.Printf("weights identical to the in-process run (sha256 %.4x…)\n", sum)
		return nil
	}
	them := "it"
	if len(fed.leftOut) > 1 {
		them = "them"
	}
	fmt.Printf("weights identical to the clean in-process run without %s (sha256 %.4x…)\n", them, sum)
	return tellGoroutines(ctx, o)
}

// outcome is what a training leaves.
type outcome struct {
	model   *model
	leftOut map[int]bool // samples that could not be used
	took    time.Duration
}

// trainAlone trains in this process, without the samples that are left out.
func trainAlone(ctx context.Context, o options, train *set, leftOut map[int]bool, tell func(epoch)) (*outcome, error) {
	start := time.Now()
	if err := openData(ctx, Config{Seed: o.seed, Data: o.data}); err != nil {
		return nil, err
	}
	t := training{train.len(), o.epochs, o.seed, leftOut, inProcess}
	m, err := t.run(ctx, tell)
	return &outcome{m, leftOut, time.Since(start)}, err
}

// trainWithWorkers trains in this process, too, but others prepare the batches.
func trainWithWorkers(ctx context.Context, o options, train *set) (*outcome, error) {
	start := time.Now()
	dir, err := os.MkdirTemp("", "classifier-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)

	config := Config{Seed: o.seed, Data: o.data}
	if o.incident {
		if config.Incident, err = newIncident(dir, train); err != nil {
			return nil, err
		}
		if config.Damage, err = newDamage(dir, train); err != nil {
			return nil, err
		}
	}
	f, err := startWorkers(ctx, o, config)
	if err != nil {
		return nil, err
	}
	defer f.pool.Close() // no worker is left after that
	if in := config.Incident; in != nil {
		if err := in.happen(); err != nil {
			return nil, err
		}
		fmt.Printf("the file of sample %d, %s\n", in.Sample, truncated)
	}
	if d := config.Damage; d != nil {
		if err := d.happen(); err != nil {
			return nil, err
		}
		fmt.Printf("the file of sample %d, which the workers decode row by row, now has a row of size 0\n", d.Sample)
	}

	t := training{train.len(), o.epochs, o.seed, f.leftOut, f.epoch}
	m, err := t.run(ctx, func(e epoch) {
		e.shares = " = " + f.epochShares()
		printEpoch(e)
	})
	if err != nil {
		return nil, err
	}
	fmt.Printf("batches: %s\n", f.totalShares())
	return &outcome{m, f.leftOut, time.Since(start)}, nil
}

func printEpoch(e epoch) {
	fmt.Printf("epoch %2d  loss %.3f  %.2f s  %d batches%s\n", e.number, e.loss, e.took.Seconds(), e.batches, e.shares)
}
