//go:build !linux

package sys

import "os"

// Executable is the path that starts this program again.
func Executable() (string, error) { return executable, executableErr }

// The path is resolved before the program can change its directory; not everywhere does package os see to that.
var executable, executableErr = os.Executable()

// SetProcessName does nothing: there is no such name here that a process may set.
func SetProcessName(string) {}
