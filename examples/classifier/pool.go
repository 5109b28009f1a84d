package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// killDelay is how long a worker may outlive its deadline.
const killDelay = 20 * time.Millisecond

// poolFeed is a feed with worker processes behind it. It survives their death.
type poolFeed struct {
	pool     *mp.Pool
	incident *Incident
	deadline time.Duration // of a batch, and of a sample that is tried alone
	leftOut  map[int]bool  // the samples that cost a worker
	workers  []*share      // of all workers so far, replacements at the end
	rescued  int           // batches of this epoch put together from single samples
}

// startWorkers starts a pool, and shows the process tree that it makes.
func startWorkers(ctx context.Context, o options, config Config) (*poolFeed, error) {
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{
		Workers: o.workers,
		Init:    OpenData.With(config), KillDelay: killDelay,
		// A Go program that dies has hundreds of lines to say on stderr. We tell it in one, from the typed error, which
		// has kept them.
		Stderr: io.Discard,
	})
	if err != nil {
		return nil, err
	}
	f := &poolFeed{pool: pool, incident: config.Incident, deadline: o.deadline, leftOut: map[int]bool{}}
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
// model trains. A batch whose worker died, or did not end in time and was
// killed, is an error that names its index;
// the other batches do not notice.
func (f *poolFeed) epoch(ctx context.Context, batches []Batch) iter.Seq2[Prepared, error] {
	f.rescued = 0
	for _, w := range f.workers {
		w.epoch = 0
	}
	return func(yield func(Prepared, error) bool) {
		for p, err := range mp.IMap(ctx, f.pool, Prepare, slices.Values(batches), mp.Timeout(f.deadline)) {
			if l, ok := lossOf(err); ok {
				p, err = f.rescue(ctx, batches[l.index], l)
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

// rescue asks for the samples of a lost batch one by one. Whichever costs
// another worker is to blame; the batch goes on without it.
func (f *poolFeed) rescue(ctx context.Context, lost Batch, l loss) (Prepared, error) {
	f.worker(l.pid)
	if l.late {
		fmt.Printf("  ! worker %d had not ended its batch at its deadline of %d ms: its %d samples are tried one by one\n",
			l.pid, f.deadline.Milliseconds(), len(lost.Samples))
	} else {
		fmt.Printf("  ! worker %d died of %s, and its batch with it: its %d samples are tried one by one\n",
			l.pid, l.how, len(lost.Samples))
	}
	f.rescued++
	singles := make([]Batch, len(lost.Samples))
	for i := range singles {
		singles[i] = Batch{lost.Epoch, lost.Samples[i : i+1]}
	}
	var whole Prepared
	for p, err := range mp.IMap(ctx, f.pool, Prepare, slices.Values(singles), mp.Timeout(f.deadline)) {
		if l, ok := lossOf(err); ok {
			if err := f.blame(lost.Samples[l.index], l); err != nil {
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

func (f *poolFeed) blame(sample int, l loss) error {
	f.worker(l.pid)
	f.leftOut[sample] = true
	if l.late {
		fmt.Printf("  ! sample %d is to blame and left out: worker %d was still at it at its deadline of %d ms\n", sample, l.pid, f.deadline.Milliseconds())
		return nil
	}
	after := ""
	if in := f.incident; in != nil && sample == in.Sample {
		d, err := in.sinceTouch()
		if err != nil {
			return err
		}
		after = fmt.Sprintf(", known %.1f ms after the touch", d.Seconds()*1000)
	}
	fmt.Printf("  ! sample %d is to blame and left out: worker %d died of it, %s%s\n", sample, l.pid, l.how, after)
	return nil
}
