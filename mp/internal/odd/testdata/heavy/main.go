// Heavy is a large program that is slow to start. It compares how long Start takes with how long its own start takes.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// ballast is in the program's file because it is not zero.
var ballast = [60 << 20]byte{1, 60<<20 - 1: 1}

func init() { time.Sleep(150 * time.Millisecond) }

var Last = mp.Register("last", func(_ context.Context, i int) (byte, error) { return ballast[i], nil })

func main() {
	mp.Main(func() error {
		if len(os.Args) > 1 {
			return nil
		}
		for range 20 { // the machine may be busy during one of the two, but not always
			began := time.Now()
			if err := exec.Command("/proc/self/exe", "nothing").Run(); err != nil {
				return err
			}
			own := time.Since(began)
			began = time.Now()
			p, err := mp.Start(context.Background(), Last, len(ballast)-1, nil)
			if err != nil {
				return err
			}
			took := time.Since(began)
			if last, err := p.Result(context.Background()); last != 1 || err != nil {
				return fmt.Errorf("%d, %w", last, err)
			}
			fmt.Printf("own start %v, Start %v\n", own, took)
			if took < own+own/4 {
				return nil
			}
		}
		return errors.New("Start takes longer than the program's own start")
	})
}
