package spawn

import (
	"os"
	"slices"
	"strings"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// kept are the variables that a child inherits even if its environment was given without them: the one that the Go tools need
// to count coverage, and those for debugging.
var kept = []string{"GOCOVERDIR", debugVar, debugWaitVar}

// environ is a child's environment: env (nil: ours), the variables that a child needs in any case, its limits, and the marker.
// If a variable is given twice, the last value counts, as in os/exec.
func environ(env []string, limits *Limits, marker string) []string {
	var all []string
	if env == nil {
		all = os.Environ()
	} else {
		for _, name := range slices.Concat(sys.NeededEnv, kept) {
			if value := os.Getenv(name); value != "" {
				all = append(all, name+"="+value)
			}
		}
		all = append(all, env...)
	}
	all = append(all, limits.environ(env)...)
	all = append(all, raceEnviron(all)...)
	all = append(all, marker)

	seen := make(map[string]bool, len(all))
	slices.Reverse(all)
	all = slices.DeleteFunc(all, func(kv string) bool {
		key := sys.EnvKey(variable(kv))
		duplicate := seen[key]
		seen[key] = true
		return duplicate
	})
	slices.Reverse(all)
	return all
}

// variable is the name in "name=value". Windows has names that begin with an equals sign.
func variable(kv string) string {
	if i := strings.IndexByte(kv[min(1, len(kv)):], '='); i >= 0 {
		return kv[:i+1]
	}
	return kv
}
