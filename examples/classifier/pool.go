package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// poolFeed is a feed with worker processes behind it. It survives their death.
type poolFeed struct {
	pool     *mp.Pool
	incident *Incident
	leftOut  map[int]bool // the samples that killed a worker
	workers  []*share     // of all workers so far, replacements at the end
	rescued  int          // batches of this epoch put together from single samples
}

// startWorkers starts a pool, and shows the process tree that it makes.
func startWorkers(ctx context.Context, n int, config Config) (*poolFeed, error) {
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{
		Workers: n,
		Init:    OpenData.With(config),
		// A Go program that dies has hundreds of lines to say on stderr. We tell it in one, from the typed error, which
		// has kept them.
		Stderr: io.Discard,
	})
	if err != nil {
		return nil, err
	}
	f := &poolFeed{pool: pool, incident: config.Incident, leftOut: map[int]bool{}}
	workers := mp.ActiveChildren()
	for i, w := range workers {
		branch := "├─"
		if i == len(workers)-1 {
			branch = "└─"
		}
		fmt.Printf("%s %s (pid %d)\n", branch, w.Name(), w.Pid())
		f.hire(w.Pid())
	}
	return f, nil
}

// epoch asks the workers for all batches of an epoch. IMap yields them in
// order, however the workers took turns, and has some prepared ahead while the
// model trains. A batch whose worker died is an error that names its index;
// the other batches do not notice.
func (f *poolFeed) epoch(ctx context.Context, batches []Batch) iter.Seq2[Prepared, error] {
	f.rescued = 0
	for _, w := range f.workers {
		w.epoch = 0
	}
	return func(yield func(Prepared, error) bool) {
		for p, err := range mp.IMap(ctx, f.pool, Prepare, slices.Values(batches)) {
			if death, ok := errors.AsType[*mp.ExitError](err); ok {
				p, err = f.rescue(ctx, batches[death.Index], death)
			} else if err == nil {
				w := f.worker(p.Pid)
				w.epoch++
				w.total++
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

// rescue asks for the samples of a lost batch one by one. Whichever kills
// another worker is to blame; the batch goes on without it.
func (f *poolFeed) rescue(ctx context.Context, lost Batch, death *mp.ExitError) (Prepared, error) {
	f.worker(death.Pid)
	fmt.Printf("  ! worker %d died of %s, and its batch with it: its %d samples are tried one by one\n",
		death.Pid, how(death), len(lost.Samples))
	f.rescued++
	singles := make([]Batch, len(lost.Samples))
	for i := range singles {
		singles[i] = Batch{lost.Epoch, lost.Samples[i : i+1]}
	}
	var whole Prepared
	for p, err := range mp.IMap(ctx, f.pool, Prepare, slices.Values(singles)) {
		if death, ok := errors.AsType[*mp.ExitError](err); ok {
			if err := f.blame(lost.Samples[death.Index], death); err != nil {
				return Prepared{}, err
			}
			continue
		}
		if err != nil {
			return Prepared{}, err
		}
		f.worker(p.Pid)
		whole.Pixels = append(whole.Pixels, p.Pixels...)
		whole.Labels = append(whole.Labels, p.Labels...)
	}
	return whole, nil
}

func (f *poolFeed) blame(sample int, death *mp.ExitError) error {
	after := ""
	if in := f.incident; in != nil && sample == in.Sample {
		d, err := in.sinceTouch()
		if err != nil {
			return err
		}
		after = fmt.Sprintf(", known %.1f ms after the touch", d.Seconds()*1000)
	}
	f.worker(death.Pid)
	fmt.Printf("  ! sample %d is to blame and left out: worker %d died of it, %s%s\n", sample, death.Pid, how(death), after)
	f.leftOut[sample] = true
	return nil
}

// how a worker ended: by a signal, as a rule.
func how(death *mp.ExitError) string {
	if death.Signal == 0 {
		return fmt.Sprintf("exit status %d", death.ExitCode)
	}
	return signalName(death.Signal)
}
