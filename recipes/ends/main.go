// Ends ends in one of several ways, while a child is at work.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var Task = mp.Register("task", func(context.Context, int) (int, error) {
	time.Sleep(time.Second)
	fmt.Println("the child has ended")
	return 0, nil
})

func main() { mp.Main(run) }

func run() error {
	defer fmt.Println("deferred")
	mp.AtExit(func() { fmt.Println("exit hook") })
	if _, err := mp.Start(context.Background(), Task, 0, nil); err != nil {
		return err
	}
	switch os.Args[1] {
	case "error":
		return errors.New("no luck")
	case "mp.Exit":
		mp.Exit(3)
	case "os.Exit":
		os.Exit(3)
	case "log.Fatal":
		log.SetFlags(0)
		log.Fatal("no luck")
	case "panic":
		panic("no luck")
	}
	return nil
}
