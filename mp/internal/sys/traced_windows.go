package sys

import "golang.org/x/sys/windows"

var isDebuggerPresent = windows.NewLazySystemDLL("kernel32.dll").NewProc("IsDebuggerPresent")

// Traced reports whether a debugger is attached to this process, if that can be known.
func Traced() (traced, known bool) {
	present, _, _ := isDebuggerPresent.Call()
	return present != 0, true
}
