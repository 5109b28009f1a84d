package synchronize

// Waiting is how many wait for a lock of this process.
func Waiting(l *Lock) int {
	p := l.ref.Object().(*mutex)
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting)
}
