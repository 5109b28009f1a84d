//go:build !amd64 && !arm64

package ring

// pause passes a moment.
func pause(turns uint32) {
	for range turns {
	}
}
