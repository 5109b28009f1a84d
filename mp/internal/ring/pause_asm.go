//go:build amd64 || arm64

package ring

// pause waits a moment, at least one turn, during which another hardware thread of the same core can use it.
func pause(turns uint32)
