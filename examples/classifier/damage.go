package main

import (
	"os"
	"path/filepath"
)

// Damage is another training image in a file of its own, row by row, each with
// its size before it. When one of the sizes becomes 0, the decoder stays where
// it is: it fails no read, panics nowhere and never looks at a ctx. Only the end
// of its process ends it.
type Damage struct {
	Sample int
	File   string
}

// newDamage puts an image of the training set into a file in dir.
func newDamage(dir string, train *set) (*Damage, error) {
	d := &Damage{Sample: min(567, train.len()/2), File: filepath.Join(dir, "rows")}
	return d, os.WriteFile(d.File, pack(train.image(d.Sample)), 0o600)
}

// happen makes the size of a row 0.
func (d *Damage) happen() error {
	packed, err := os.ReadFile(d.File)
	if err != nil {
		return err
	}
	packed[side/2*(1+side)] = 0
	return os.WriteFile(d.File, packed, 0o600)
}

// decode runs in a worker that wants the image.
func (d *Damage) decode() ([]byte, error) {
	packed, err := os.ReadFile(d.File)
	if err != nil {
		return nil, err
	}
	return unpack(packed), nil
}

func pack(image []byte) (packed []byte) {
	for y := range side {
		packed = append(packed, 1+side)
		packed = append(packed, image[y*side:][:side]...)
	}
	return packed
}

// unpack believes every size.
func unpack(packed []byte) (image []byte) {
	for at := 0; at < len(packed); {
		size := int(packed[at])
		for i := 1; i < size; i++ {
			image = append(image, packed[at+i])
		}
		at += size
	}
	return image
}
