//go:build amd64 || arm64

package ring

// pause passes a moment, at least one turn, in which a processor that is shared with another thread can do its work.
func pause(turns uint32)
