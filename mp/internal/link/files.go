package link

import (
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// Dup returns copies of files, for a sender that cannot trust the caller to keep them open.
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
