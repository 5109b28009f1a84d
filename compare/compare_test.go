package compare

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/compare/job"
	"github.com/go-multiprocessing/multiprocessing/mp"
)

const aloneMark = "COMPARE_ALONE"

// TestMain is also the entry of every other process here. Those of mp have mp.TestMain; the others have to be told apart first.
func TestMain(m *testing.M) {
	serveExec()
	servePlugin()
	serveAlone()
	mp.TestMain(m)
}

// serveAlone does what would be the end of the tests: a fatal error and an endless call in goroutines.
func serveAlone() {
	var kind job.Kind
	if _, err := fmt.Sscan(os.Getenv(aloneMark), &kind); err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		goroutines{}.Call(ctx, kind, 0)
	}()
	<-ctx.Done()
	select {
	case <-ended:
		fmt.Println("ended")
	case <-time.After(time.Second):
		fmt.Println("goes on")
	}
	if n, err := (goroutines{}).Call(context.Background(), job.Square, 7); n == 49 && err == nil {
		fmt.Println("served")
	}
	os.Exit(0)
}

var ways = []struct {
	name, file string
	make       func(t testing.TB, ctx context.Context) (way, error)
}{
	{"goroutines, errgroup", "goroutines.go", func(_ testing.TB, ctx context.Context) (way, error) { return newGoroutines(ctx) }},
	{"os/exec, JSON", "exec.go", func(_ testing.TB, ctx context.Context) (way, error) { return newExec(ctx) }},
	{"go-plugin", "plugin.go", func(_ testing.TB, ctx context.Context) (way, error) { return newPlugin(ctx) }},
	{"wazero", "wasm.go guest/main.go", func(t testing.TB, ctx context.Context) (way, error) { return newWasm(ctx, guest(t), true) }},
	{"mp", "ours.go", func(_ testing.TB, ctx context.Context) (way, error) { return newOurs(ctx) }},
}

var build = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "guest")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "guest.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-o", file, "./guest")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	return os.ReadFile(file)
})

func guest(t testing.TB) []byte {
	t.Helper()
	code, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// rows are the claims of the page: what to do to a way, and the word for what came of it.
var rows = []struct {
	claim string
	see   func(t *testing.T, w way) string
}{
	{"a fatal error in a call", func(t *testing.T, w way) string {
		if _, in := w.(goroutines); in {
			return alone(t, job.Crash)[0]
		}
		_, err := w.Call(t.Context(), job.Crash, 0)
		if err == nil {
			return "nothing"
		}
		t.Logf("the error: %.300v", err)
		return "an error; " + next(t, w)
	}},
	{"a call that runs beside the crash", func(t *testing.T, w way) string {
		if _, in := w.(goroutines); in {
			return alone(t, job.Crash)[0]
		}
		return beside(t, w, func() { w.Call(t.Context(), job.Crash, 0) })
	}},
	{"a call that never ends, when its ctx does", func(t *testing.T, w way) string {
		if _, in := w.(goroutines); in {
			return alone(t, job.Endless)[0]
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		_, err := w.Call(ctx, job.Endless, 0)
		if _, own := w.(ours); err == nil || own && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		return "ended; " + next(t, w)
	}},
	{"a call that runs beside the endless one", func(t *testing.T, w way) string {
		if _, in := w.(goroutines); in {
			return alone(t, job.Endless)[1]
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		return beside(t, w, func() { w.Call(ctx, job.Endless, 0) })
	}},
	{"a call that takes 256 MiB, where 64 are allowed", func(t *testing.T, w way) string {
		_, err := w.Call(t.Context(), job.Hog, 4*fence)
		if err == nil {
			return "gets them"
		}
		if _, own := w.(ours); own && !errors.Is(err, mp.ErrMemory) {
			t.Error(err)
		}
		return "an error; " + next(t, w)
	}},
	{"a package variable that calls change", func(t *testing.T, w way) string {
		before := job.Counted
		seen := make(map[int]bool)
		for range 4 {
			n, err := w.Call(t.Context(), job.Count, 0)
			if err != nil {
				t.Fatal(err)
			}
			seen[n] = true
		}
		switch {
		case job.Counted != before:
			return "the program's own"
		case len(seen) == 1:
			return "new for each call"
		}
		return "the child's, from call to call"
	}},
	{"a call that reads the root directory", func(t *testing.T, w way) string {
		if _, err := w.Call(t.Context(), job.Read, 0); err != nil {
			return "cannot"
		}
		return "can"
	}},
}

// next says whether the next call is served.
func next(t *testing.T, w way) string {
	if n, err := w.Call(t.Context(), job.Square, 7); err != nil || n != 49 {
		t.Logf("the next: %d, %.300v", n, err)
		return "to be started again"
	}
	return "the next call is served"
}

// beside says what becomes of a call when something happens to another one.
func beside(t *testing.T, w way, what func()) string {
	if _, err := w.Call(t.Context(), job.Square, 1); err != nil { // it is warm
		t.Fatal(err)
	}
	rounds := 1 << 29
	if _, slow := w.(*wasm); slow {
		rounds = 1 << 25
	}
	done := make(chan error, 1)
	go func() {
		_, err := w.Call(t.Context(), job.Work, rounds)
		done <- err
	}()
	time.Sleep(50 * time.Millisecond) // it is at work
	what()
	select {
	case err := <-done:
		if err == nil {
			t.Fatal("the call beside it ended too early to be beside it")
		}
		done <- err
	default:
	}
	if err := <-done; err != nil {
		t.Logf("the other one: %.300v", err)
		return "fails"
	}
	return "served"
}

// alone says what becomes of a program that does it in a goroutine: of the call, and of another one.
func alone(t *testing.T, kind job.Kind) []string {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", aloneMark, kind))
	out, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && strings.HasPrefix(string(exit.Stderr), "fatal error: "):
		return []string{"the program dies"}
	case err != nil:
		t.Fatal(err)
	}
	return append(strings.Split(string(out), "\n"), "", "")
}

const page = "../docs/COMPARE.md"

// Every row of the page's first table is what was seen just now. Run it whole: a row needs all its cells.
func TestClaims(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var missing []string
	for _, row := range rows {
		line := "| " + row.claim
		for _, w := range ways {
			t.Run(row.claim+"/"+w.name, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				made, err := w.make(t, ctx)
				if err != nil {
					t.Fatal(err)
				}
				defer made.Close()
				line += " | " + row.see(t, made)
			})
		}
		if line += " |\n"; !strings.Contains(string(text), line) {
			missing = append(missing, line)
		}
	}
	line := "| lines of code"
	for _, w := range ways {
		line += fmt.Sprintf(" | %d", lines(t, w.file))
	}
	if line += " |\n"; !strings.Contains(string(text), line) {
		missing = append(missing, line)
	}
	if missing != nil {
		t.Errorf("%s lacks what was seen:\n%s", page, strings.Join(missing, ""))
	}
}

// lines counts those that are neither empty nor a comment.
func lines(t *testing.T, files string) (n int) {
	for file := range strings.FieldsSeq(files) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
				n++
			}
		}
	}
	return n
}

// What the compiler says when what stands between caller and function has a type wrong: testdata has a program for each way.
// For goroutines and here, nothing stands between.
func TestTypes(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	line := "| a wrong type between caller and function"
	for _, name := range []string{"goroutines", "exec", "plugin", "wasm", "ours"} {
		out, err := exec.Command("go", "build", "-o", os.DevNull, "./testdata/types/"+name).CombinedOutput()
		switch {
		case err == nil:
			line += " | compiles"
		case strings.Contains(string(out), "cannot use"), strings.Contains(string(out), "does not match"):
			line += " | does not compile"
		default:
			t.Errorf("%v: %s", err, out)
		}
	}
	if line += " |\n"; !strings.Contains(string(text), line) {
		t.Errorf("%s lacks what was seen:\n%s", page, line)
	}
}
