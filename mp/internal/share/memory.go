package share

import (
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

// newWordsIfWanted makes a page of words, if links shall have shared memory; nil if it cannot be had. The error is that of
// shm.Wanted.
func newWordsIfWanted() (*words, error) {
	if wanted, err := shm.Wanted(); !wanted {
		return nil, err
	}
	page, err := newWords()
	if err != nil {
		return nil, nil
	}
	return page, nil
}

// newShared makes what a link of rings needs, and a page of words for it; nil if it cannot be had.
func newShared() (*link.Shared, *words, error) {
	page, err := newWordsIfWanted()
	if page == nil {
		return nil, nil, err
	}
	shared, err := link.NewShared()
	if err != nil {
		page.segment.CloseFile()
		return nil, nil, nil
	}
	return shared, page, nil
}
