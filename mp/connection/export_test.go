package connection

import "time"

// SetHandshakeGrace returns what sets it back. No Listener may run meanwhile.
func SetHandshakeGrace(d time.Duration) (reset func()) {
	before := handshakeGrace
	handshakeGrace = d
	return func() { handshakeGrace = before }
}

// Unaccepted is how many clients there are that Accept has not returned.
func Unaccepted(l *Listener) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}
