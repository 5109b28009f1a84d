package synchronize

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// view is a lock or semaphore as one process sees it: its word, if the process has it. All handles there share the view. It
// is the Watcher of the object.
type view struct {
	word   atomic.Pointer[share.Word] // nil: every call asks the owner
	me     uint64                     // the number of this process
	shadow shadow

	looking sync.Mutex // held by the goroutine that watches the word (look)
	spin    ring.Spin

	mu   sync.Mutex
	gone bool
}

// adopt opens the word. number comes with the handle: that of the word, plus 1; 0: there is no word.
func (v *view) adopt(ref *share.Ref, number uint64) {
	if v.word.Load() != nil || number == 0 {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.gone || v.word.Load() != nil { // gone: the object was closed right after it had answered
		return
	}
	if word, ok := ref.Word(uint32(number - 1)); ok {
		v.me = uint64(ref.Number())
		v.word.Store(&word)
	}
}

// grab takes the lock if the word is here and says that the lock is free.
func (v *view) grab() bool {
	word := v.word.Load()
	if word == nil || word.Load() != 0 || !word.CompareAndSwap(0, v.me) {
		return false
	}
	runtime.KeepAlive(word) // keeps it mapped
	v.shadow.order()
	return true
}

// look repeats do for a moment, before the caller waits at the owner, and reports whether do succeeded. One goroutine at a
// time does so. The owner does not know of it: a process that is killed meanwhile leaves nothing behind.
func (v *view) look(do func(*view) bool) bool {
	if v.word.Load() == nil || !v.looking.TryLock() {
		return false
	}
	defer v.looking.Unlock()
	return v.spin.Look(func() bool { return do(v) })
}

// free frees the lock if there is no waiter. If there is one, wanted is true: the owner has to be told. If neither is true,
// this process is not seen to hold the lock, and the owner has to be asked.
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

// taken reports whether the word is here and says that the lock is held.
func (v *view) taken() bool {
	word := v.word.Load()
	if word == nil {
		return false
	}
	holder := uint32(word.Load())
	runtime.KeepAlive(word)
	return holder != 0
}

// take takes one from a semaphore if it is not zero, and there is no waiter.
func (v *view) take() bool {
	return v.change(func(n uint64) (uint64, bool) { return n - 1, n > 0 })
}

// put adds one to a semaphore, if there is no waiter.
func (v *view) put() bool {
	v.shadow.order()
	return v.change(func(n uint64) (uint64, bool) { return n + 1, n < mostPermits })
}

// change changes the number of a semaphore. It reports false if there is a waiter, the word is not here, or to refuses.
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

// over reports whether this process can see that the owner has closed the object. In other processes the word says so. In
// the owner the word also moves when it is first published, so there leave says so.
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
