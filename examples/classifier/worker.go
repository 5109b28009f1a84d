package main

import (
	"context"
	"errors"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// What a worker can be asked to do. Registered in package variables, the
// functions are known in every process before main begins; parent and worker
// find them by name.
var (
	OpenData = mp.RegisterInit("classifier.open", openData)
	Prepare  = mp.Register("classifier.prepare", prepare)
)

// Config travels to each worker once, before its first batch.
type Config struct {
	Seed     uint64
	Data     string    // directory, "" for the embedded images
	Incident *Incident // nil for none
	Damage   *Damage   // nil for none
}

// Batch is what the parent asks for: sample numbers, not images.
type Batch struct {
	Epoch   int
	Samples []int
}

// Prepared is what the worker answers, ready for the model.
type Prepared struct {
	Pid    int // who did it
	Pixels []float32
	Labels []byte
}

// source is this process's own view of the training images. A package variable
// is enough: each worker is a process and has its own.
var source struct {
	config Config
	train  *set
	mapped []byte // the image that lies in a file of its own, if there is one
}

// openData gets the process ready to prepare batches. It runs once in each
// worker, also in one that replaces a dead one.
func openData(ctx context.Context, c Config) (err error) {
	source.config, source.mapped = c, nil
	if source.train, err = loadSet(c.Data, "train"); err != nil {
		return err
	}
	if c.Incident != nil {
		source.mapped, err = mapFile(c.Incident.File, pixels)
	}
	return err
}

// prepare decodes, augments and normalises the images of a batch.
func prepare(ctx context.Context, b Batch) (Prepared, error) {
	if source.train == nil {
		return Prepared{}, errors.New("prepare without openData")
	}
	p := Prepared{
		Pid:    os.Getpid(),
		Pixels: make([]float32, len(b.Samples)*pixels),
		Labels: make([]byte, len(b.Samples)),
	}
	for i, sample := range b.Samples {
		if err := ctx.Err(); err != nil {
			return Prepared{}, err // nobody wants the batch any more
		}
		image, err := trainingImage(sample)
		if err != nil {
			return Prepared{}, err
		}
		augment(p.Pixels[i*pixels:][:pixels], image, source.config.Seed, b.Epoch, sample)
		p.Labels[i] = source.train.labels[sample]
	}
	return p, nil
}

// trainingImage returns the bytes of a sample without looking at them, but for
// the one that has to be decoded.
func trainingImage(sample int) ([]byte, error) {
	if in := source.config.Incident; in != nil && sample == in.Sample {
		if err := keepUp(source.mapped, in.File); err != nil {
			return nil, err
		}
		return source.mapped, in.noteTouch()
	}
	if d := source.config.Damage; d != nil && sample == d.Sample {
		return d.decode()
	}
	return source.train.image(sample), nil
}
