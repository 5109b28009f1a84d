// Place calls Main where it must not be called.
package main

import (
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

func main() {
	switch os.Args[1] {
	case "goroutine":
		go mp.Main(run)
		select {}
	default:
		mp.Main(run)
	}
}

func run() error {
	mp.Main(func() error { return nil })
	return nil
}
