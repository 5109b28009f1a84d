// Plugin is a partner of the benchmark: plugin CASE N [SIZE]. It measures net/rpc between two processes, by itself and in
// hashicorp/go-plugin. It prepares itself, prints "ready", waits for a line, does the case N times, prints "N seconds p50
// p99", and stays until its input ends: see measure/partner.go. It is a module of its own because of what go-plugin
// imports.
package main

import (
	"bufio"
	"fmt"
	"net/rpc"
	"os"
	"slices"
	"strconv"
	"time"
)

const message = 64 // bytes

// caller is one process that serves calls.
type caller interface {
	Call(method string, argument, result any) error
	Go(method string, argument, result any) *rpc.Call // does not wait
	Pid() int
	Close()
}

func main() {
	serveRPC()
	servePlugin()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) < 3 {
		return fmt.Errorf("usage: %s CASE N [SIZE]", os.Args[0])
	}
	n, err := strconv.Atoi(os.Args[2])
	if err != nil {
		return err
	}
	size := message
	if len(os.Args) > 3 {
		if size, err = strconv.Atoi(os.Args[3]); err != nil {
			return err
		}
	}
	p := partner{n, bufio.NewReader(os.Stdin)}
	switch os.Args[1] {
	case "start":
		return p.each(func() (time.Duration, error) {
			began := time.Now()
			c, err := newPlugin()
			if err == nil {
				c.Close()
			}
			return time.Since(began), err
		})
	case "first":
		return p.each(first)
	case "crash-plugin":
		return p.each(crash)
	case "apply-rpc":
		return p.calls("Echo", size, newRPC)
	case "apply-plugin":
		return p.calls("Echo", size, newPlugin)
	case "large-rpc":
		return p.calls("Take", size, newRPC)
	case "many-rpc":
		return p.many(newRPC)
	case "many-plugin":
		return p.many(newPlugin)
	case "idle":
		return p.idle()
	}
	return fmt.Errorf("no case is called %s", os.Args[1])
}

// partner keeps to the rules of measure.Partner.
type partner struct {
	n  int
	in *bufio.Reader
}

func (p partner) ready() {
	fmt.Println("ready")
	p.in.ReadString('\n')
}

// each does n operations, which return how long they took, after a warm-up.
func (p partner) each(operation func() (time.Duration, error)) error {
	for range p.n/10 + 1 {
		if _, err := operation(); err != nil {
			return err
		}
	}
	p.ready()
	took := make([]time.Duration, p.n)
	var sum time.Duration
	for i := range took {
		d, err := operation()
		if err != nil {
			return err
		}
		took[i] = d
		sum += d
	}
	slices.Sort(took)
	p.answer(sum, took[p.n/2], took[p.n*99/100])
	return nil
}

func (p partner) answer(sum, p50, p99 time.Duration) {
	fmt.Println(p.n, sum.Seconds(), p50.Seconds(), p99.Seconds())
	p.in.ReadString('\n')
}

// calls makes n calls, one after the other.
func (p partner) calls(method string, size int, start func() (caller, error)) error {
	c, err := start()
	if err != nil {
		return err
	}
	defer c.Close()
	b := make([]byte, size)
	return p.each(func() (time.Duration, error) {
		var echoed []byte
		var seen int
		var result any = &seen
		if method == "Echo" {
			result = &echoed
		}
		began := time.Now()
		err := c.Call(method, b, result)
		return time.Since(began), err
	})
}

// many makes n calls, of which many are in flight, half of them to each of two processes.
func (p partner) many(start func() (caller, error)) error {
	const processes, inFlight = 2, 64
	var cs [processes]caller
	for i := range cs {
		c, err := start()
		if err != nil {
			return err
		}
		defer c.Close()
		cs[i] = c
	}
	operations := func(n int) error {
		results := make([]int, n)
		pending := make([]*rpc.Call, n)
		for i := range n + inFlight {
			if i < n {
				pending[i] = cs[i%processes].Go("Twice", i, &results[i])
			}
			if k := i - inFlight; k >= 0 && k < n {
				if call := <-pending[k].Done; call.Error != nil {
					return call.Error
				}
			}
		}
		return nil
	}
	if err := operations(p.n/10 + 1); err != nil {
		return err
	}
	p.ready()
	began := time.Now()
	if err := operations(p.n); err != nil {
		return err
	}
	p.answer(time.Since(began), 0, 0)
	return nil
}

func (p partner) idle() error {
	for range 2 {
		c, err := newPlugin()
		if err != nil {
			return err
		}
		defer c.Close()
		for i := range 1000 {
			var r int
			if err := c.Call("Twice", i, &r); err != nil {
				return err
			}
		}
	}
	p.ready()
	return nil
}
