// Startjoin measures what it costs to start and join a process, beside an empty Go program that is started and waited
// for in the same loop. It prints its figures as "value unit", one a line. It imports little, since its children run the
// same program.
package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var Empty = mp.Register("empty", func(context.Context, int) (int, error) { return 0, nil })

func main() { mp.Main(run) }

// run takes the path of the empty program from the environment.
func run() error {
	const rounds, times = 9, 200
	ctx := context.Background()
	empty := os.Getenv("EMPTY")
	var ratios []float64
	var ours, theirs []time.Duration
	for range rounds {
		var us, them []time.Duration
		for range times {
			start := time.Now()
			e, err := os.StartProcess(empty, []string{empty}, &os.ProcAttr{Env: os.Environ(), Files: []*os.File{nil, os.Stdout, os.Stderr}})
			if err != nil {
				return err
			}
			if _, err := e.Wait(); err != nil {
				return err
			}
			them = append(them, time.Since(start))

			start = time.Now()
			p, err := mp.Start(ctx, Empty, 0, nil)
			if err != nil {
				return err
			}
			if err := p.Join(ctx); err != nil {
				return err
			}
			us = append(us, time.Since(start))
		}
		slices.Sort(us)
		slices.Sort(them)
		u, t := us[times/2], them[times/2]
		ours, theirs, ratios = append(ours, u), append(theirs, t), append(ratios, float64(u)/float64(t))
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	slices.Sort(ratios)
	fmt.Println(micro(ours[rounds/2]), "us/start-join")
	fmt.Println(micro(theirs[rounds/2]), "us/empty-program")
	fmt.Println(ratios[rounds/2], "ratio")
	fmt.Println(ratios[0], "ratio-min")
	fmt.Println(ratios[rounds-1], "ratio-max")
	return nil
}

func micro(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
