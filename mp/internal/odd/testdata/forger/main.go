// Forger starts a program as package mp starts a child: with a marker, and a link that carries its preamble. A program that
// believes it finds nothing else on the link, and ends with code 1 and without a message, as an orphan does.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/boot"
)

func main() {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	check(err)
	const nonce = 42
	_, err = syscall.Write(fds[0], boot.Preamble(nonce))
	check(err)
	theirs := os.NewFile(uintptr(fds[1]), "theirs")
	crash, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	check(err)
	cmd := exec.Command(os.Args[1])
	cmd.Env = append(os.Environ(), boot.Environ(3, 4, nonce))
	cmd.ExtraFiles = []*os.File{theirs, crash}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	check(syscall.Shutdown(fds[0], syscall.SHUT_WR))
	cmd.Run()
	os.Exit(cmd.ProcessState.ExitCode())
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}
