package main

import (
	"context"
	"fmt"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// This init plays the main of another program, one that never calls mp.Main. If
// NewPool started workers, each of them would be this program again, and would
// itself start workers here, without end. Its counterpart in Python is a script
// without if __name__ == "__main__".
func init() {
	if os.Getenv(role) != "forgetful" {
		return
	}
	if _, err := mp.NewPool(context.Background(), &mp.PoolOptions{Workers: 2}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// tellGuard runs that program and prints the error that it gets.
func tellGuard(ctx context.Context) error {
	stderr, state, err := again(ctx, []string{role + "=forgetful"})
	if err != nil {
		return err
	}
	fmt.Printf("a program that forgets mp.Main asks for a pool:\n\n%s\n%v\n", stderr, state)
	return nil
}
