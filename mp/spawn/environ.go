package spawn

import (
	"os"
	"slices"
	"strings"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/boot"
)

// environ is a child's environment: what was asked for (nil: ours), what the Go tools need to count its coverage, and
// the marker. Of a variable that is given twice the last one counts, as in os/exec.
func environ(env []string, nonce uint64) []string {
	all := slices.Clone(env)
	if env == nil {
		all = os.Environ()
	} else if dir := os.Getenv("GOCOVERDIR"); dir != "" {
		all = append(all, "GOCOVERDIR="+dir)
	}
	all = append(all, raceEnviron(all)...)
	all = append(all, boot.Environ(childLinkFD, childCrashFD, nonce))

	seen := make(map[string]bool, len(all))
	slices.Reverse(all)
	all = slices.DeleteFunc(all, func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		duplicate := seen[name]
		seen[name] = true
		return duplicate
	})
	slices.Reverse(all)
	return all
}
