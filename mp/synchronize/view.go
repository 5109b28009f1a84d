package synchronize

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// view is a lock or semaphore as one process sees it, through all its handles: the word, if it has it. It is the Watcher of the
// object.
type view struct {
	word   atomic.Pointer[share.Word] // nil: the owner does everything
	me     uint64                     // the number of this process
	shadow shadow

	looking sync.Mutex // held by the goroutine that looks at the word until it is free
	spin    ring.Spin

	mu   sync.Mutex
	gone bool
}

// adopt notes the word of which the owner has told the number, plus 1; 0: there is none.
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
	if word == nil || word.Load() != 0 || !word.CompareAndSwap(0, v.me) {
		return false
	}
	runtime.KeepAlive(word) // mapped
	v.shadow.order()
	return true
}

// look does something again and again, for a moment, before one waits for the object, if no other goroutine does so. Nobody knows
// of it: who is killed meanwhile leaves nothing behind.
func (v *view) look(do func(*view) bool) bool {
	if v.word.Load() == nil || !v.looking.TryLock() {
		return false
	}
	defer v.looking.Unlock()
	return v.spin.Look(func() bool { return do(v) })
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

// take takes one from a semaphore if there is one, and nobody waits for it.
func (v *view) take() bool {
	return v.change(func(n uint64) (uint64, bool) { return n - 1, n > 0 })
}

// put adds one, if nobody waits for it.
func (v *view) put() bool {
	v.shadow.order()
	return v.change(func(n uint64) (uint64, bool) { return n + 1, n < mostPermits })
}

// change changes the number of a semaphore, unless somebody waits.
func (v *view) change(to func(n uint64) (next uint64, ok bool)) bool {
	word := v.word.Load()
	if word == nil {
		return false
	}
	for {
		n := word.Load()
		next, ok := to(n)
		if !ok || n > mostPermits {
			return false
		}
		if word.CompareAndSwap(n, next) {
			runtime.KeepAlive(word)
			v.shadow.order()
			return true
		}
	}
}

// over reports whether it can be seen from here that the owner has closed it. In the owner the word also moves when it is sent for the
// first time: there it is leave that says so.
func (v *view) over() bool {
	if word := v.word.Load(); word != nil && v.me != ownNumber {
		n := word.Load()
		runtime.KeepAlive(word)
		return n == elsewhere
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.gone
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
