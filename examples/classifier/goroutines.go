package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
)

// goroutines reads the truncated file in goroutines instead of worker processes.
// The process dies of it, so goroutines does not return.
func goroutines(ctx context.Context, o options) error {
	o.incidents = []kind{truncated}
	config, err := o.config(os.TempDir()) // not shared with other programs: see tellGoroutines
	if err != nil {
		return err
	}
	trainset, err := openTrainset(ctx, config)
	if err != nil {
		return err
	}
	if _, err := config.Incidents[0].happen(); err != nil {
		return err
	}

	samples := make(chan int)
	var workers sync.WaitGroup
	for range max(o.workers, 1) {
		workers.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					fmt.Println("recovered:", r) // does not happen
				}
			}()
			for i := range samples {
				trainset.Get(ctx, i)
			}
		})
	}
	for i := range trainset.Len() {
		samples <- i
	}
	close(samples)
	workers.Wait()
	return errors.New("the incident did not happen")
}

// tellGoroutines runs goroutines in a process of its own, which dies of it, and
// prints how that process ended.
func tellGoroutines(ctx context.Context, o options) error {
	// That process cannot remove its temporary files, so they go into a directory
	// that is removed here.
	dir, err := os.MkdirTemp("", "classifier-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	stderr, state, err := again(ctx, []string{role + "=goroutines", "TMPDIR=" + dir, "TMP=" + dir},
		"-data", o.data, "-workers", fmt.Sprint(o.workers))
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(stderr, "\n")
	fmt.Printf("the same with goroutines: %v\n  %s\n", state, first)
	return nil
}
