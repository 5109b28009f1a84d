// Crash shows the error that a caller gets for each of the ways in which a function in another process can fail or die.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

func main() { mp.Main(run) }

func run() error {
	for i, w := range ways {
		p, err := mp.Start(context.Background(), Die, i, &mp.ProcessOptions{Stderr: io.Discard})
		if err != nil {
			return err
		}
		_, err = p.Result(context.Background())
		report(w.name, err)
	}
	fmt.Printf("the parent is still here (pid %d)\n", os.Getpid())
	return nil
}

// report prints an error. There are two types: *mp.RemoteError says that the function failed, *mp.ExitError that its process
// died.
func report(name string, err error) {
	var kind, details, stack string
	if remote, ok := errors.AsType[*mp.RemoteError](err); ok {
		kind, stack = "*mp.RemoteError", remote.Stack
		details = fmt.Sprintf("Panic: %t, Type: %s, is fs.ErrNotExist: %t", remote.Panic, remote.Type, errors.Is(err, fs.ErrNotExist))
	}
	if exit, ok := errors.AsType[*mp.ExitError](err); ok {
		kind, stack = "*mp.ExitError", exit.Stack
		details = fmt.Sprintf("Cause: %s, ExitCode: %d, Signal: %d", exit.Cause, exit.ExitCode, exit.Signal)
	}
	fmt.Printf("%s\n    error  %s\n    text   %v\n    more   %s\n", name, kind, err, details)
	if stack != "" {
		fmt.Printf("    stack  %s\n", strings.Join(head(stack), "\n           "))
	}
	fmt.Println()
}

// head shortens a stack dump to four lines: the first one, and those that begin with the first function of this program.
func head(stack string) []string {
	lines := strings.Split(strings.ReplaceAll(strings.TrimSpace(stack), "\t", "    "), "\n")
	if at := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "main.") }); at > 1 {
		lines = append([]string{lines[0], "…"}, lines[at:]...)
	}
	return lines[:min(4, len(lines))]
}
