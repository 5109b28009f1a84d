//go:build !linux

package sys

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// The path is resolved, and its file examined, before the program can change its directory or be replaced.
var (
	executable, executableErr = os.Executable()
	executableFile            = lookAt(executable)
)

func lookAt(path string) fs.FileInfo {
	info, _ := os.Stat(path)
	return info
}

// Executable is the path that starts this program again. Here it is only a name: if an upgrade has put another program there,
// Executable returns ErrReplaced.
func Executable() (string, error) {
	if executableErr != nil || executableFile == nil {
		return executable, executableErr
	}
	now, err := os.Stat(executable)
	if err != nil {
		return "", err
	}
	if now.Size() != executableFile.Size() || !now.ModTime().Equal(executableFile.ModTime()) {
		return "", fmt.Errorf("%w: %s is from %v, and was from %v", ErrReplaced, executable,
			now.ModTime().Format("2006-01-02 15:04:05"), executableFile.ModTime().Format("2006-01-02 15:04:05"))
	}
	return executable, nil
}

// Replaced reports whether Executable returns ErrReplaced now.
func Replaced() bool {
	_, err := Executable()
	return errors.Is(err, ErrReplaced)
}

// SetProcessName does nothing: a process cannot set its name here.
func SetProcessName(string) {}
