package main

import (
	"context"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
)

// Trainset opens the training images, like datasets.FashionMNIST(train=True). Stack makes a batch of samples, like
// default_collate. As package variables, both are registered in every process before main begins; parent and workers find
// them by name.
var (
	Trainset = dataloader.Register("FashionMNIST", openTrainset)
	Stack    = mp.Register("stack", dataloader.StackPairs[float32, byte])
)

// Sample is an image, ready for the model, and its label.
type Sample = dataloader.Pair[[]float32, byte]

// Batch is what the workers send: the images as one tensor, and their labels.
type Batch = dataloader.Pair[dataloader.Tensor[float32], []byte]

// Config travels to each worker once.
type Config struct {
	Data      string        // directory, "" for the embedded images
	Slow      time.Duration // added to the time of each image
	Incidents []Incident
}

// trainset is a dataloader.Dataset. Each worker opens its own.
type trainset struct {
	*set
	Config
	mapped []byte // the mapped file of the incident truncated
}

// openTrainset runs once in each worker, also in one that replaces a dead one.
func openTrainset(_ context.Context, c Config) (dataloader.Dataset[Sample], error) {
	all, err := loadSet(c.Data, "train")
	if err != nil {
		return nil, err
	}
	t := &trainset{set: all, Config: c}
	for _, in := range c.Incidents {
		if in.Kind == truncated {
			t.mapped, err = mapFile(in.File, pixels)
		}
	}
	return t, err
}

// Get decodes, augments and normalises an image, like __getitem__ and its transform. dataloader.Rand depends only on the
// seed, the epoch and the sample, so the result is the same with any number of workers, or none.
func (t *trainset) Get(ctx context.Context, i int) (Sample, error) {
	time.Sleep(t.Slow)
	image, err := t.read(i)
	if err != nil {
		return Sample{}, err
	}
	s := Sample{X: make([]float32, pixels), Y: t.labels[i]}
	augment(s.X, image, dataloader.Rand(ctx))
	return s, nil
}

// read returns the bytes of an image. The images of incidents are in files of their own.
func (t *trainset) read(i int) ([]byte, error) {
	for _, in := range t.Incidents {
		if in.Sample == i {
			return in.read(t.mapped)
		}
	}
	return t.image(i), nil
}
