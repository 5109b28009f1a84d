package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
)

// role is an environment variable. It tells a program that again starts what to
// play: "forgetful" or "goroutines".
const role = "CLASSIFIER_ROLE"

// again runs this program once more, with more environment variables, and returns
// what it wrote to stderr and how it ended. The new process is an ordinary program,
// not a worker.
func again(ctx context.Context, env []string, args ...string) (string, *os.ProcessState, error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); cmd.ProcessState == nil {
		return "", nil, err // it did not start
	}
	return stderr.String(), cmd.ProcessState, nil
}
