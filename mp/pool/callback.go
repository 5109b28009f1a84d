package pool

import "runtime/debug"

// OnDone calls callback with the future when the call has ended, successfully or not; at once, if it has ended. OnDone does
// not wait. The callbacks of a future run one after the other, in the order in which they were registered, in goroutines of
// their own: a slow one delays only the next one, and any may call the pool, even Close, which does not wait for them. A
// callback that panics is logged as an error by the pool's Logger, with its stack, and the others run.
//
// It is add_done_callback of Python's Future, and the callback and error_callback of apply_async.
func (f *Future[R]) OnDone(callback func(*Future[R])) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.callbacks = append(f.callbacks, callback)
	f.callBack()
}

// callBack starts the next callback, unless one runs or the call has not ended. f.mu is held.
func (f *Future[R]) callBack() {
	if f.calling || len(f.callbacks) == 0 || !f.finished() {
		return
	}
	f.calling = true
	next := f.callbacks[0]
	f.callbacks[0] = nil // the array is kept, but not what the callback holds
	f.callbacks = f.callbacks[1:]
	go func() {
		defer func() { // a goroutine for each callback, not a loop: so runtime.Goexit in one does not keep the others from running
			if value := recover(); value != nil {
				f.log.Error("a callback panicked", "function", f.name, "panic", value, "stack", string(debug.Stack()))
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			f.calling = false
			f.callBack()
		}()
		next(f)
	}()
}
