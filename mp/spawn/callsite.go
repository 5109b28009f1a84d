package spawn

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

const module = "github.com/go-multiprocessing/multiprocessing/mp"

// site is the nearest caller outside this library: the go statement, when it called us. It is put into words when somebody
// reads it: that takes longer than all else that Register does in every child.
type site struct {
	stack  []uintptr
	origin string // the go statement, of other goroutines than main's
}

func callSite() site {
	s := site{stack: callers()}
	if !s.onMain() {
		s.origin = goStatement()
	}
	return s
}

// String is the site as file:line.
func (s site) String() string {
	frames := runtime.CallersFrames(s.stack)
	for {
		f, more := frames.Next()
		if f.Function == "runtime.goexit" {
			return s.origin
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
var mainStart = started(callers())

// onMain reports whether it is in the main goroutine.
func (s site) onMain() bool { return started(s.stack) == mainStart }

// started is the function that the goroutine with this stack began with. Below it there is only the end of every goroutine.
func started(stack []uintptr) uintptr {
	return runtime.FuncForPC(stack[len(stack)-2]).Entry()
}
