//go:build race

package spawn

import (
	"os"
	"strings"
)

// raceEnviron keeps a race-built child from sleeping a second before it exits, which is what the detector does by
// default to catch late reports.
func raceEnviron() []string {
	options := os.Getenv("GORACE")
	if strings.Contains(options, "atexit_sleep_ms") {
		return nil
	}
	return []string{strings.TrimSpace("GORACE=" + options + " atexit_sleep_ms=0")}
}
