package popen

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// Explain says in words why a process could not be started. The error stays in the chain.
func Explain(err error, cfg *Config) error {
	hint := ""
	switch {
	case cfg.Dir != "" && !isDir(cfg.Dir):
		hint = fmt.Sprintf("the working directory %s does not exist or cannot be entered", cfg.Dir)
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		hint = "too many open files: a child needs about six descriptors here; raise the limit (ulimit -n) or start fewer"
	case errors.Is(err, syscall.EAGAIN):
		hint = "the limit on processes is reached (ulimit -u, or pids.max of the cgroup)"
	case errors.Is(err, syscall.ENOMEM):
		hint = "there is not enough memory for another process"
	case errors.Is(err, syscall.E2BIG):
		hint = "the arguments and the environment are too large for a new process"
	case errors.Is(err, fs.ErrPermission):
		hint = fmt.Sprintf("%s may not be executed: check its mode, and whether its file system is mounted noexec", cfg.Path)
	case errors.Is(err, fs.ErrNotExist):
		hint = fmt.Sprintf("%s is not there any more, and without /proc its running copy cannot be found", cfg.Path)
	}
	if hint == "" {
		return err
	}
	return fmt.Errorf("%s: %w", hint, err)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
