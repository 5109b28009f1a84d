package sys

import "golang.org/x/sys/windows"

var isDebuggerPresent = windows.NewLazySystemDLL("kernel32.dll").NewProc("IsDebuggerPresent")

// Traced reports whether a debugger is attached to this process.
func Traced() bool {
	present, _, _ := isDebuggerPresent.Call()
	return present != 0
}
