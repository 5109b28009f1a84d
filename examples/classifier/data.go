package main

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
)

const (
	side    = 28 // an image is side × side bytes of grey
	pixels  = side * side
	classes = 10
)

var classNames = [classes]string{"T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"}

// The first 2,000 training and 500 test images of Fashion-MNIST, so that the
// example runs from anywhere; data/PROVENANCE.md says how they were cut.
//
//go:embed data/*.gz
var embedded embed.FS

// set is one half of Fashion-MNIST, unpacked: images[i*pixels:] is sample i.
type set struct {
	images []byte
	labels []byte
}

// Len is how many samples there are.
func (s *set) Len() int { return len(s.labels) }

func (s *set) image(i int) []byte { return s.images[i*pixels : (i+1)*pixels] }

// loadSet reads "train" or "t10k" from the standard file names in dir, or from
// the embedded files if dir is empty.
func loadSet(dir, name string) (_ *set, err error) {
	defer func() {
		if err != nil && dir != "" {
			err = fmt.Errorf("-data %s: %w", dir, err)
		}
	}()
	files, err := fs.Sub(embedded, "data")
	if err != nil {
		return nil, err
	}
	if dir != "" {
		files = os.DirFS(dir)
	}
	images, n, err := readIdxFile(files, name+"-images-idx3-ubyte.gz", side, side)
	if err != nil {
		return nil, err
	}
	labels, m, err := readIdxFile(files, name+"-labels-idx1-ubyte.gz")
	if err != nil {
		return nil, err
	}
	if n == 0 || n != m {
		return nil, fmt.Errorf("%s: %d images, %d labels", name, n, m)
	}
	for i, label := range labels {
		if label >= classes {
			return nil, fmt.Errorf("%s: label %d of sample %d is not below %d", name, label, i, classes)
		}
	}
	return &set{images, labels}, nil
}

func readIdxFile(files fs.FS, name string, shape ...int) ([]byte, int, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	elements, n, err := readIdx(f, shape...)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", name, err)
	}
	return elements, n, nil
}
