package connection

import "time"

// SetHandshakeGrace sets how long a handshake may take before a client has to make room, until reset is called. No Listener may
// run during either call.
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
