package spawn

import (
	"fmt"
	"runtime"
	"strings"
)

const module = "github.com/go-multiprocessing/multiprocessing/mp"

// callSite is the nearest caller outside this library, as file:line.
func callSite() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for {
		f, more := frames.Next()
		if !ours(f.Function) || strings.HasSuffix(f.File, "_test.go") {
			return fmt.Sprintf("%s:%d", f.File, f.Line)
		}
		if !more {
			return "an unknown place"
		}
	}
}

func ours(function string) bool {
	rest, found := strings.CutPrefix(function, module)
	return found && (strings.HasPrefix(rest, ".") || strings.HasPrefix(rest, "/"))
}
