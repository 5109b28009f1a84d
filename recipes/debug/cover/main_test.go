package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

func TestMain(m *testing.M) { mp.TestMain(m) }

func TestShout(t *testing.T) {
	p, err := mp.Start(t.Context(), Shout, "hello", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := p.Result(t.Context()); got != "HELLO" || err != nil {
		t.Error(got, err)
	}
}

// What go test -cover says of a function that only children run, and what covdata says of a program.
func TestCover(t *testing.T) {
	if os.Getenv("COVERED") != "" {
		return // this is the run that is measured
	}
	dir := t.TempDir()
	command(t, "COVERED=1", "go", "test", "-count=1", "-coverprofile="+dir+"/cover.out", ".")
	same(t, "test.txt", command(t, "COVERED=1", "go", "tool", "cover", "-func="+dir+"/cover.out"))

	command(t, "COVERED=1", "go", "build", "-cover", "-o", dir+"/cover.exe", ".")
	if err := os.Mkdir(dir+"/cov", 0o777); err != nil {
		t.Fatal(err)
	}
	command(t, "GOCOVERDIR="+dir+"/cov", dir+"/cover.exe")
	same(t, "build.txt", command(t, "COVERED=1", "go", "tool", "covdata", "func", "-i="+dir+"/cov"))
}

func command(t *testing.T, env string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Env = append(os.Environ(), env)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", args, err, out)
	}
	return string(out)
}

// same compares what was printed with a file, but for where the package is.
func same(t *testing.T, name, got string) {
	t.Helper()
	got = strings.ReplaceAll(got, "github.com/go-multiprocessing/multiprocessing/recipes/debug/cover/", "")
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(string(want)), " ") {
		t.Errorf("it printed\n%sand not\n%s", got, want)
	}
}
