package spawn

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

const module = "github.com/go-multiprocessing/multiprocessing/mp"

// callSite is the nearest caller outside this library, as file:line: the go statement, when it called us.
func callSite() string {
	frames := runtime.CallersFrames(callers())
	for {
		f, more := frames.Next()
		if f.Function == "runtime.goexit" {
			return goStatement()
		}
		if !ours(f.Function) || strings.HasSuffix(f.File, "_test.go") {
			return fmt.Sprintf("%s:%d", f.File, f.Line)
		}
		if !more {
			return "an unknown place"
		}
	}
}

// goStatement is the place that started this goroutine. Only the text of a stack tells it.
func goStatement() string {
	_, created, _ := strings.Cut(string(debug.Stack()), "\ncreated by ")
	_, place, _ := strings.Cut(created, "\n\t")
	place, _, _ = strings.Cut(place, " +0x")
	return place
}

func ours(function string) bool {
	rest, found := strings.CutPrefix(function, module)
	return found && (strings.HasPrefix(rest, ".") || strings.HasPrefix(rest, "/"))
}

// callers is the whole stack of this goroutine.
func callers() []uintptr {
	for size := 32; ; size *= 4 {
		pcs := make([]uintptr, size)
		if n := runtime.Callers(2, pcs); n < size {
			return pcs[:n]
		}
	}
}

// calledBy reports whether this goroutine runs for the function.
func calledBy(function string) bool {
	frames := runtime.CallersFrames(callers())
	for {
		f, more := frames.Next()
		if f.Function == function {
			return true
		}
		if !more {
			return false
		}
	}
}

// mainStart is where the main goroutine began, which also initialises packages.
var mainStart = started()

// onMain reports whether this is the main goroutine.
func onMain() bool { return started() == mainStart }

// started is the function that this goroutine began with. Below it there is only the end of every goroutine.
func started() uintptr {
	stack := callers()
	return runtime.FuncForPC(stack[len(stack)-2]).Entry()
}
