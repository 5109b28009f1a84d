package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
)

// serve is what this program does when it was started as another process for a case.
func serve(ctx context.Context, role string, args []string) error {
	switch role {
	case "hog":
		for ctx.Err() == nil {
			runtime.KeepAlive(spin(1_000_000))
		}
		return nil
	case "echo": // messages of args[0] bytes come in at descriptor 3 and go out again at 4
		n, err := strconv.Atoi(args[0])
		if err != nil {
			return err
		}
		return echo(os.NewFile(3, "in"), os.NewFile(4, "out"), n)
	case "sink": // messages of args[0] bytes come in at 3, and a byte for each goes out at 4
		n, err := strconv.Atoi(args[0])
		if err != nil {
			return err
		}
		return sink(os.NewFile(3, "in"), os.NewFile(4, "out"), n)
	}
	return fmt.Errorf("no role is called %s", role)
}

func echo(in io.Reader, out io.Writer, n int) error {
	b := make([]byte, n)
	for {
		if _, err := io.ReadFull(in, b); err != nil {
			return ended(err)
		}
		if _, err := out.Write(b); err != nil {
			return ended(err)
		}
	}
}

func sink(in io.Reader, out io.Writer, n int) error {
	b := make([]byte, n)
	for {
		if _, err := io.ReadFull(in, b); err != nil {
			return ended(err)
		}
		if _, err := out.Write([]byte{byte(touch(b))}); err != nil {
			return ended(err)
		}
	}
}

// ended returns nil if err says that the other process has closed its end, as it does when it needs nothing more; otherwise
// err.
func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}

// itself starts this program in a role, with files from descriptor 3 on. The kernel kills the new process when this one
// ends.
func itself(ctx context.Context, files []*os.File, args ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Stderr, cmd.ExtraFiles = os.Stderr, files
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd, cmd.Start()
}
