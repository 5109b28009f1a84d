package main

import (
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Incident is one training image in a file of its own, which the workers map.
// When somebody truncates the file, the mapping stays but the memory behind it
// is gone: reading it is a SIGBUS. Go's runtime ends the process for it, and no
// recover gets to see it. A failing disk under a mapping does the same. On
// Windows the mapping is played; how the process ends is not.
type Incident struct {
	Sample int
	File   string
}

// newIncident puts an image of the training set into a file in dir.
func newIncident(dir string, train *set) (*Incident, error) {
	in := &Incident{Sample: min(1234, train.len()-1), File: filepath.Join(dir, "sample")}
	return in, os.WriteFile(in.File, train.image(in.Sample), 0o600)
}

// happen takes the file away from under its mappings.
func (in *Incident) happen() error { return os.Truncate(in.File, 0) }

// noteTouch runs in a worker that is about to read the image: the time goes
// into a file, since nothing else of the worker will remain.
func (in *Incident) noteTouch() error {
	now := strconv.FormatInt(time.Now().UnixNano(), 10)
	return os.WriteFile(in.File+".touched", []byte(now), 0o600)
}

// sinceTouch runs in the parent. Both processes read the same clock.
func (in *Incident) sinceTouch() (time.Duration, error) {
	text, err := os.ReadFile(in.File + ".touched")
	if err != nil {
		return 0, err
	}
	touched, err := strconv.ParseInt(string(text), 10, 64)
	return time.Since(time.Unix(0, touched)), err
}
