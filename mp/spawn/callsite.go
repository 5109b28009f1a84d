package spawn

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

const module = "github.com/go-multiprocessing/multiprocessing/mp"

// site is the place of the nearest caller outside this library. If a go statement called the library directly, it is that
// statement. The text is made on demand, by String: that takes longer than all else that Register does in every child.
type site struct {
	stack  []uintptr
	origin string // the go statement that started the goroutine; empty for the main goroutine
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

// goStatement is the place of the go statement that started this goroutine. Only the text of a stack trace tells it.
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

// calledBy reports whether the function is on the stack of this goroutine.
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

// mainStart is the entry of the function that the main goroutine began with. Packages are initialised on that goroutine.
var mainStart = started(callers())

// onMain reports whether the site is on the main goroutine.
func (s site) onMain() bool { return started(s.stack) == mainStart }

// started is the entry of the function that the goroutine with this stack began with. Below it there is only runtime.goexit.
func started(stack []uintptr) uintptr {
	return runtime.FuncForPC(stack[len(stack)-2]).Entry()
}
