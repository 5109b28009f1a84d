package connection

// Unaccepted is how many clients there are that Accept has not returned.
func Unaccepted(l *Listener) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}
