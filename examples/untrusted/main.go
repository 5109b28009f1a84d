// Untrusted renders templates from strangers, each within 256 MiB of memory and 2 seconds. One of them never ends, one
// prints without end, and one finds an endless recursion in a function of this program. Each of these loses its own answer,
// and no other template does.
//
// The limits fence resources; they are not a jail. A template can only do what its functions do, but code that opens files
// or sockets has the rights of this program. docs/LIMITS.md says what is not limited, docs/COMPARE.md names a jail for
// code: wazero.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"text/template"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

const memory = 256 << 20

var limit = flag.Duration("limit", 2*time.Second, "the time that each template has got")

type page struct{ Name, Text string }

// The templates of the strangers. The functions "repeat" and "nest" that they call are of this program, and careless.
var pages = []page{
	{"greeting", `Hello, {{.}}!`},
	{"table", `{{range 3}}[{{.}}]{{end}}`},
	{"mistake", `{{.Missing}}`},
	{"endless", `{{range 1000000}}{{range 1000000}}{{end}}{{end}}`},
	{"flood", `{{range 1000000000}}{{repeat "0123456789abcdef" 4096}}{{end}}`},
	{"pit", `{{nest 0}}`},
	{"thanks", `Thank you, {{.}}.`},
}

// nest has a bug that a stranger has found: it was meant to count down.
func nest(depth int) int {
	if depth < 0 {
		return 0
	}
	return nest(depth+1) + 1
}

// Render runs in the workers.
var Render = mp.Register("untrusted.render", func(_ context.Context, p page) (string, error) {
	t, err := template.New(p.Name).Funcs(template.FuncMap{"repeat": strings.Repeat, "nest": nest}).Parse(p.Text)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = t.Execute(&out, "world")
	return out.String(), err
})

func main() { mp.Main(run) }

func run() error {
	flag.Parse()
	ctx := context.Background()
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{
		Workers: 2, TaskTimeout: *limit, KillDelay: 100 * time.Millisecond,
		Limits: mp.Limits{Memory: memory},
		Env:    []string{"PATH=" + os.Getenv("PATH")}, // others may be secret; on Windows, mp adds what every process needs
	})
	if err != nil {
		return err
	}
	defer pool.Close()
	answers, failed := mp.Map(ctx, pool, Render, pages, mp.KeepGoing())
	blame := make(map[int]error)
	if joined, ok := failed.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			blame[index(err)] = err
		}
	}
	for i, p := range pages {
		if err := blame[i]; err != nil {
			fmt.Printf("%-9s %s: %v\n", p.Name, verdict(err), short(err))
		} else {
			fmt.Printf("%-9s %s\n", p.Name, answers[i])
		}
	}
	counts := pool.Stats()
	fmt.Printf("%d workers were started, %d died, %d were killed; this is still process %d\n", counts.Started, counts.Died, counts.Killed, os.Getpid())
	return nil
}

// index is that of the item that an error is about; −1: of none.
func index(err error) int {
	var exit *mp.ExitError
	var remote *mp.RemoteError
	switch {
	case errors.As(err, &exit):
		return exit.Index
	case errors.As(err, &remote):
		return remote.Index
	}
	return -1
}

// verdict is what the stranger is told.
func verdict(err error) string {
	var exit *mp.ExitError
	switch {
	case errors.Is(err, mp.ErrMemory):
		return "TOO LARGE"
	case errors.Is(err, mp.ErrTimeout):
		return "TOO SLOW"
	case errors.As(err, &exit):
		return "CRASHED"
	}
	return "REFUSED"
}

// short is the first line of an error, cut to a length that can be read.
func short(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	if len(line) > 200 {
		line = line[:200] + "…"
	}
	return line
}
