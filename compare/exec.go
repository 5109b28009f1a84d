package compare

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"

	"github.com/go-multiprocessing/multiprocessing/compare/job"
)

const execMark = "COMPARE_EXEC"

type Response struct {
	Result int
	Error  string
}

type execs struct{}

func newExec(context.Context) (way, error) { return execs{}, nil }

// Call starts a process for each call, as programs with os/exec do.
func (execs) Call(ctx context.Context, kind job.Kind, n int) (int, error) {
	question, err := json.Marshal(Request{kind, n})
	if err != nil {
		return 0, err
	}
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), execMark+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(question), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	var answer Response
	if err := json.Unmarshal(stdout.Bytes(), &answer); err != nil {
		return 0, err
	}
	if answer.Error != "" {
		return 0, fmt.Errorf("%s", answer.Error)
	}
	return answer.Result, nil
}

func (execs) Close() error { return nil }

// serveExec is the child's part. Whatever else prints to its standard output breaks it.
func serveExec() {
	if os.Getenv(execMark) == "" {
		return
	}
	var question Request
	if err := json.NewDecoder(os.Stdin).Decode(&question); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var answer Response
	result, err := job.Do(question.Kind, question.N)
	if answer.Result = result; err != nil {
		answer.Error = err.Error()
	}
	if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}
