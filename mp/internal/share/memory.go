package share

import (
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

// newWordsIfWanted makes a page of words. It returns nil if links do not use shared memory, or there is none. The error is
// that of shm.Wanted.
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

// newShared makes the memory for a link of rings, and a page of words to go with it. It returns nil for both if links do
// not use shared memory, or there is none. The error is that of shm.Wanted.
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
