package connection

import "time"

// Options of Listen and Dial. Nil and zero values are the defaults.
type Options struct {
	// Key is a secret that both ends have, and prove to have without sending it: Python's authkey. A short key can be guessed
	// from a recorded handshake. If it is nil, every client that reaches the address gets a connection. In no case are the
	// messages themselves encrypted or authenticated. An empty key that is not nil is a key, as in Python.
	Key []byte
	// HandshakeTimeout bounds the handshake; 0 means 10 seconds. A client that does not finish in time is disconnected. It does
	// not delay other clients meanwhile.
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
