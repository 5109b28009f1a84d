//go:build race

package spawn

import "strings"

const raceBuilt = true

// raceEnviron keeps a race-built child from sleeping a second before it exits, which is what the detector does by
// default to catch late reports.
func raceEnviron(env []string) []string {
	options := ""
	for _, kv := range env {
		if value, found := strings.CutPrefix(kv, "GORACE="); found {
			options = value
		}
	}
	if strings.Contains(options, "atexit_sleep_ms") {
		return nil
	}
	return []string{strings.TrimSpace("GORACE=" + options + " atexit_sleep_ms=0")}
}
