package connection

import "time"

// Options of Listen and Dial. Nil and zero values are the defaults.
type Options struct {
	// Key is a secret of both ends, which prove to each other that they have it without sending it: Python's authkey. A short
	// one can be guessed by who has seen a handshake. Nil: whoever reaches the address gets a connection; what then goes over
	// it is neither encrypted nor authenticated in any case. An empty key that is not nil is a key, as in Python.
	Key []byte
	// HandshakeTimeout bounds the handshake; 0: 10 seconds. Whoever does not finish it in time is disconnected, and holds up
	// nobody meanwhile.
	HandshakeTimeout time.Duration
}

const defaultHandshakeTimeout = 10 * time.Second

func (o *Options) key() []byte {
	if o == nil {
		return nil
	}
	return o.Key
}

func (o *Options) handshakeTimeout() time.Duration {
	if o == nil || o.HandshakeTimeout <= 0 {
		return defaultHandshakeTimeout
	}
	return o.HandshakeTimeout
}
