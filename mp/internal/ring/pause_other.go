//go:build !amd64 && !arm64

package ring

// pause waits a moment.
func pause(turns uint32) {
	for range turns {
	}
}
