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
	program := cfg.Path
	if target, err := os.Readlink(program); err == nil {
		program = target // say which program /proc/self/exe is
	}
	var path *fs.PathError
	switch {
	case cfg.Dir != "" && !isDir(cfg.Dir):
		hint = fmt.Sprintf("the working directory %s does not exist or cannot be entered", cfg.Dir)
		if _, missing := os.Stat(cfg.Dir); missing != nil {
			err = missing // Windows only says that the name of a directory is bad
		}
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		hint = "too many open files: a child needs about six descriptors here; raise the limit (ulimit -n) or start fewer"
	case errors.Is(err, syscall.EAGAIN):
		hint = "the limit on processes is reached (ulimit -u, or pids.max of the cgroup)"
	case errors.Is(err, syscall.ENOMEM):
		hint = "there is not enough memory for another process"
	case errors.Is(err, syscall.E2BIG):
		hint = "the arguments and the environment are too large for a new process"
	case errors.As(err, &path) && path.Path == os.DevNull:
		hint = "a child reads from the null device, which is needed here too (in a bare root directory: mknod -m 666 dev/null c 1 3)"
	case errors.Is(err, fs.ErrPermission):
		hint = fmt.Sprintf("%s may not be executed: check its mode, and whether its file system is mounted noexec", program)
	case errors.Is(err, fs.ErrNotExist):
		hint = fmt.Sprintf("%s is not there any more, or the loader that a program with cgo needs is not", program)
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
