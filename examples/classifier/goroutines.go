package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
)

// goroutines meets the incident with goroutines in the place of worker
// processes. It does not come back.
func goroutines(ctx context.Context, o options) error {
	train, err := loadSet(o.data, "train")
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "classifier-") // removed by tellGoroutines
	if err != nil {
		return err
	}
	in, err := newIncident(dir, train)
	if err != nil {
		return err
	}
	if err := openData(ctx, Config{Seed: o.seed, Data: o.data, Incident: in}); err != nil {
		return err
	}
	if err := in.happen(); err != nil {
		return err
	}

	jobs := make(chan Batch)
	var workers sync.WaitGroup
	for range max(o.workers, 1) {
		workers.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					fmt.Println("recovered:", r) // does not happen
				}
			}()
			for b := range jobs {
				prepare(ctx, b)
			}
		})
	}
	for _, b := range plan(train.len(), o.seed, 1, nil) {
		jobs <- b
	}
	close(jobs)
	workers.Wait()
	return errors.New("the incident did not happen")
}

// tellGoroutines has goroutines run in a program of its own, as nothing less
// survives it, and prints how that ended.
func tellGoroutines(ctx context.Context, o options) error {
	// It cannot tidy up behind itself, so its temporary files go where we do.
	dir, err := os.MkdirTemp("", "classifier-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	stderr, state, err := again(ctx, []string{role + "=goroutines", "TMPDIR=" + dir, "TMP=" + dir},
		"-data", o.data, "-seed", fmt.Sprint(o.seed), "-workers", fmt.Sprint(o.workers))
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(stderr, "\n")
	fmt.Printf("the same with goroutines: %v\n  %s\n", state, first)
	return nil
}
