package share

import (
	"errors"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
)

// memoryAllowed reports whether links may have shared memory: MP_TRANSPORT=socket says no, as it does for those to children.
func memoryAllowed() bool { return os.Getenv("MP_TRANSPORT") != "socket" }

// newWordsIfAllowed makes a page of words, if links have shared memory.
func newWordsIfAllowed() (*words, error) {
	if !memoryAllowed() {
		return nil, errors.ErrUnsupported
	}
	return newWords()
}

// newShared makes what a link of rings needs, and a page of words for it; nil if it cannot be had.
func newShared() (*link.Shared, *words) {
	page, err := newWordsIfAllowed()
	if err != nil {
		return nil, nil
	}
	shared, err := link.NewShared()
	if err != nil {
		page.segment.CloseFile()
		return nil, nil
	}
	return shared, page
}
