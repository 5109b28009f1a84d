package link

import (
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// Dup duplicates files, for a sender whose caller may close its own before they are sent.
func Dup(files []*os.File) ([]*os.File, error) {
	if len(files) == 0 {
		return nil, nil
	}
	copies := make([]*os.File, 0, len(files))
	for _, f := range files {
		c, err := sys.Dup(f)
		if err != nil {
			CloseAll(copies)
			return nil, err
		}
		copies = append(copies, c)
	}
	return copies, nil
}

// CloseAll closes files.
func CloseAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}
