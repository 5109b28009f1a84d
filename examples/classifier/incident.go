package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// Incident is a training image in a file of its own, to which something happens once the workers have opened the set.
type Incident struct {
	Kind   kind
	Sample int
	File   string
}

type kind string

const (
	// truncated: the workers map the file, which is truncated afterwards. The mapping stays, but the memory behind it is
	// gone, and reading it raises SIGBUS. Go's runtime then ends the process; a recover has no effect. A failing disk under
	// a mapping does the same. On Windows the mapping is simulated, but the process really ends.
	truncated kind = "truncated"
	// endless: the file holds the image row by row, each row behind its size. One size becomes 0, and the decoder in the
	// workers stays at that row for ever. It gets no error, does not panic and does not look at a ctx. Only the end of its
	// process ends it.
	endless kind = "endless"
	// missing: the file is removed. Reading it returns an ordinary error.
	missing kind = "missing"
)

// config returns what the workers open. It writes the files of the incidents into dir.
func (o options) config(dir string) (Config, error) {
	c := Config{Data: o.data, Slow: o.slow}
	if len(o.incidents) == 0 {
		return c, nil
	}
	train, err := loadSet(o.data, "train")
	if err != nil {
		return c, err
	}
	for _, k := range o.incidents {
		in, err := newIncident(k, dir, train)
		if err != nil {
			return c, err
		}
		c.Incidents = append(c.Incidents, in)
	}
	return c, nil
}

// newIncident puts an image of the training set into a file in dir.
func newIncident(k kind, dir string, train *set) (Incident, error) {
	sample, content := min(567, train.Len()/2), pack
	if k == truncated {
		sample, content = min(1234, train.Len()-1), func(image []byte) []byte { return image }
	}
	in := Incident{k, sample, filepath.Join(dir, strconv.Itoa(sample))}
	return in, os.WriteFile(in.File, content(train.image(sample)), 0o600)
}

// happen makes the incident happen, and returns a description of it.
func (in Incident) happen() (told string, err error) {
	switch in.Kind {
	case truncated:
		told, err = truncation, os.Truncate(in.File, 0)
	case missing:
		told, err = "which the workers decode row by row, is now missing", os.Remove(in.File)
	case endless:
		var packed []byte
		if packed, err = os.ReadFile(in.File); err == nil {
			packed[side/2*(1+side)] = 0
			told, err = "which the workers decode row by row, now has a row of size 0", os.WriteFile(in.File, packed, 0o600)
		}
	}
	return fmt.Sprintf("the file of sample %d, %s", in.Sample, told), err
}

// read returns the image, in a worker. mapped is the mapping of the file, for truncated.
func (in Incident) read(mapped []byte) ([]byte, error) {
	if in.Kind == truncated {
		return mapped, keepUp(mapped, in.File)
	}
	packed, err := os.ReadFile(in.File)
	return unpack(packed), err
}

func pack(image []byte) (packed []byte) {
	for y := range side {
		packed = append(packed, 1+side)
		packed = append(packed, image[y*side:][:side]...)
	}
	return packed
}

// unpack trusts the sizes in packed: with a size of 0 it never ends.
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
