// Inits does in its init functions what programs do there: it parses flags, prints, and, with -lock, takes a lock that only one
// process can have.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var (
	n    = flag.Int("n", 0, "a number")
	lock = flag.String("lock", "", "a file to create")
)

var Number = mp.Register("number", func(context.Context, int) (int, error) { return *n, nil })

func init() {
	flag.Parse()
	fmt.Println("init prints")
	if *lock != "" {
		if _, err := os.OpenFile(*lock, os.O_CREATE|os.O_EXCL, 0o600); err != nil {
			log.Fatal("another process has the lock: ", err)
		}
	}
}

func main() { mp.Main(run) }

func run() error {
	p, err := mp.Start(context.Background(), Number, 0, nil)
	if err != nil {
		return err
	}
	answer, err := p.Result(context.Background())
	fmt.Fprintln(os.Stderr, "the child's flag is", answer)
	return err
}
