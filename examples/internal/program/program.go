// Package program builds and runs an example for its test.
package program

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// Run builds the program of the test's directory and returns what it prints. It must end soon, and successfully.
func Run(t *testing.T, args ...string) string {
	t.Helper()
	return succeed(t, os.Stderr, args)
}

// Both is Run, but returns what the program prints on standard error too.
func Both(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	var b strings.Builder
	stdout = succeed(t, &b, args)
	return stdout, b.String()
}

// Fail is Run for a program that must end soon with exit code 1. It returns what the program prints on standard error.
func Fail(t *testing.T, args ...string) string {
	t.Helper()
	var b strings.Builder
	out, err := run(t, &b, args)
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 {
		t.Fatalf("%v\n%s%s", err, out, &b)
	}
	return b.String()
}

func succeed(t *testing.T, stderr io.Writer, args []string) string {
	t.Helper()
	out, err := run(t, stderr, args)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

func run(t *testing.T, stderr io.Writer, args []string) (stdout string, err error) {
	t.Helper()
	name := build(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stderr, cmd.WaitDelay = stderr, time.Second
	out, err := cmd.Output()
	return string(out), err
}

// prebuilt names a directory with the programs, for systems that have no go tool: examples_hello.exe is examples/hello.
const prebuilt = "MP_TEST_PROGRAMS"

func build(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv(prebuilt); dir != "" {
		info, _ := debug.ReadBuildInfo()
		pkg := strings.TrimSuffix(strings.TrimPrefix(info.Path, info.Main.Path+"/"), ".test")
		name := filepath.Join(dir, strings.ReplaceAll(pkg, "/", "_")+".exe")
		if _, err := os.Stat(name); err != nil {
			t.Fatalf("%v; %s names the directory, and this makes the program: go build -o %s ./%s", err, prebuilt, filepath.ToSlash(name), pkg)
		}
		return name
	}
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skipf("the go tool, which builds the example, is not on PATH, and %s is not set", prebuilt)
	}
	name := filepath.Join(t.TempDir(), "example.exe") // Windows wants the suffix, others do not mind
	if out, err := exec.CommandContext(t.Context(), tool, "build", "-o", name, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return name
}

// TempDir is t.TempDir, but removes file by file: os.RemoveAll, and so t.TempDir, fails in Wine 8.
func TempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeTree(dir) })
	return dir
}

func removeTree(path string) {
	entries, _ := os.ReadDir(path)
	for _, entry := range entries {
		removeTree(filepath.Join(path, entry.Name()))
	}
	os.Remove(path)
}

// RemovesAll reports whether a program can be expected to leave no directory behind: os.RemoveAll works here.
func RemovesAll(t *testing.T) bool {
	t.Helper()
	dir := TempDir(t)
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return os.RemoveAll(dir) == nil
}
