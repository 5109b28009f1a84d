package synchronize

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// view is a lock as one process sees it, through all its handles: the word, if it has it. It is the Watcher of the object.
type view struct {
	word   atomic.Pointer[share.Word] // nil: the owner does everything
	me     uint64                     // the number of this process
	shadow shadow

	mu   sync.Mutex
	gone bool
}

// adopt notes the word of which the owner has told the number, and 1; 0: there is none.
func (v *view) adopt(ref *share.Ref, number uint64) {
	if v.word.Load() != nil || number == 0 {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.gone || v.word.Load() != nil { // it was closed right after it had answered
		return
	}
	if word, ok := ref.Word(uint32(number - 1)); ok {
		v.me = uint64(ref.Number())
		v.word.Store(&word)
	}
}

// grab takes the lock if it is free and that can be seen from here.
func (v *view) grab() bool {
	word := v.word.Load()
	if word == nil || !word.CompareAndSwap(0, v.me) {
		return false
	}
	runtime.KeepAlive(word) // mapped
	v.shadow.order()
	return true
}

// free gives it back if nobody waits for it. If somebody does, wanted is true: the owner has to be told. Neither: the owner
// has to be asked.
func (v *view) free() (freed, wanted bool) {
	v.shadow.order()
	word := v.word.Load()
	if word == nil {
		return false, false
	}
	freed = word.CompareAndSwap(v.me, 0)
	wanted = !freed && word.Load() == v.me|contended
	runtime.KeepAlive(word)
	return freed, wanted
}

// taken reports whether somebody can be seen from here to hold the lock.
func (v *view) taken() bool {
	word := v.word.Load()
	if word == nil {
		return false
	}
	holder := uint32(word.Load())
	runtime.KeepAlive(word)
	return holder != 0
}

// Event is documented with share.Watcher; there are none.
func (v *view) Event(m link.Msg) {
	m.CloseFiles()
	m.Release()
}

// Gone is documented with share.Watcher.
func (v *view) Gone() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.gone = true
	v.word.Store(nil)
}
