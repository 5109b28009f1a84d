// Inits does in its init functions what programs do there: it parses flags, prints, and, if told to, takes what only one
// process can have.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var (
	n      = flag.Int("n", 0, "a number")
	listen = flag.String("listen", "", "a socket to take")
)

var Number = mp.Register("number", func(context.Context, int) (int, error) { return *n, nil })

func init() {
	flag.Parse()
	fmt.Println("init prints")
	if *listen != "" {
		if _, err := net.Listen("unix", *listen); err != nil {
			log.Fatal(err)
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
