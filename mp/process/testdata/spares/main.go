// Spares measures the time from the beginning of Start until the function runs, for a process that was a spare and for one
// that was not. It prints its figures as "value unit", one a line.
package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/process"
)

// born is when the init functions of this process ran.
var born = time.Now()

// Running returns when it was called, and when its process was born.
var Running = mp.Register("running", func(context.Context, int) ([2]time.Time, error) { return [2]time.Time{time.Now(), born}, nil })

func main() { mp.Main(run) }

func run() error {
	const times = 300
	for _, kind := range []struct {
		unit   string
		spares int
	}{{"us/cold-running", 0}, {"us/spare-running", 2}} {
		if err := process.KeepSpares(kind.spares); err != nil {
			return err
		}
		var running, ready []time.Duration
		for tries := 0; len(running) < times; tries++ {
			if tries > 3*times {
				return errors.New("hardly any spares are to be had")
			}
			if kind.spares > 0 {
				time.Sleep(10 * time.Millisecond) // for the next spare
			}
			begin := time.Now()
			p, err := mp.Start(context.Background(), Running, 0, nil)
			if err != nil {
				return err
			}
			started := time.Since(begin)
			at, err := p.Result(context.Background())
			if err != nil {
				return err
			}
			if kind.spares == 0 || at[1].Before(begin) {
				running, ready = append(running, at[0].Sub(begin)), append(ready, started)
			}
		}
		report(running, kind.unit)
		report(ready, kind.unit[:len(kind.unit)-len("running")]+"ready")
	}
	return process.KeepSpares(0)
}

func report(all []time.Duration, unit string) {
	slices.Sort(all)
	fmt.Println(micro(all[len(all)/2]), unit)
	fmt.Println(micro(all[len(all)*99/100]), unit+"-p99")
}

func micro(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
