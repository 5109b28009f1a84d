package share

import (
	"errors"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

// newWordsIfAllowed makes a page of words, if links have shared memory.
func newWordsIfAllowed() (*words, error) {
	if !shm.Wanted() {
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
