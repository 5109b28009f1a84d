package setup

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// region suite
func TestMain(m *testing.M) { mp.TestMain(suite{m}) }

// suite is the tests with what they stand on. Its Run runs in the first process only.
type suite struct{ *testing.M }

func (s suite) Run() int {
	flag.Parse() // for a set-up that looks at testing.Short or flags of its own
	dir, err := os.MkdirTemp("", "suite")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir) // tear-down: it runs, because Run returns
	os.Setenv("SUITE_DIR", dir)
	return s.M.Run()
}

// endregion

// region test
var Leave = mp.Register("leave", func(_ context.Context, text string) (string, error) {
	path := filepath.Join(os.Getenv("SUITE_DIR"), "left") // children inherit the environment
	return path, os.WriteFile(path, []byte(text), 0o600)
})

// endregion

func TestSetUp(t *testing.T) {
	p, err := mp.Start(t.Context(), Leave, "a text", nil)
	if err != nil {
		t.Fatal(err)
	}
	path, err := p.Result(t.Context())
	if err != nil || filepath.Dir(path) != os.Getenv("SUITE_DIR") {
		t.Error(path, err)
	}
	if b, err := os.ReadFile(path); string(b) != "a text" || err != nil { // it is still there: the child tore nothing down
		t.Error(b, err)
	}
}
