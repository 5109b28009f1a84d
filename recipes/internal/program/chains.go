package program

import (
	"regexp"
	"slices"
	"strings"
)

var (
	started = regexp.MustCompile(`Popen: (\S+) is pid (\d+)`)
	step    = regexp.MustCompile(`^mp\[(\d+)\] (.*)$`)
	pid     = regexp.MustCompile(`pid \d+`)
)

// Chains is what MP_DEBUG has each process say of itself, by its name, in its order and without pids: lines of different processes may
// overtake each other. What the first one says, which has no name here, comes as its children come and go, and is sorted.
func Chains(debug string) map[string][]string {
	names := make(map[string]string)
	for _, m := range started.FindAllStringSubmatch(debug, -1) {
		names[m[2]] = m[1]
	}
	all := make(map[string][]string)
	for line := range strings.Lines(debug) {
		if m := step.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			all[names[m[1]]] = append(all[names[m[1]]], WithoutPids(m[2]))
		}
	}
	slices.Sort(all[""])
	return all
}

// WithoutPids leaves the numbers of processes out.
func WithoutPids(s string) string { return pid.ReplaceAllString(s, "pid") }
