// Hello runs a function in another process.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// Greet is registered at package level, so that the child, which is this program started again, knows it too.
var Greet = mp.Register("hello.greet", greet)

func greet(_ context.Context, name string) (string, error) {
	me, parent := mp.CurrentProcess(), mp.ParentProcess()
	fmt.Printf("  hello %s, I am %s (pid %d), a child of %s (pid %d)\n", name, me.Name, me.Pid, parent.Name, parent.Pid)
	return fmt.Sprintf("greetings from %d", os.Getpid()), nil
}

func main() { mp.Main(run) }

func run() error {
	ctx := context.Background()
	fmt.Printf("%s (pid %d) starts a process\n", mp.CurrentProcess().Name, os.Getpid())

	p, err := mp.Start(ctx, Greet, "bob", nil)
	if err != nil {
		return err
	}
	answer, err := p.Result(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("it answered %q\n%v\n", answer, p)
	return nil
}
