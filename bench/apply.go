package main

import (
	"context"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
	"github.com/go-multiprocessing/multiprocessing/mp"
)

const (
	message = 64 // bytes
	calls   = 10_000
	pipe    = "Go: os.Pipe, two processes"
)

// Calls of a pool, one after the other, beside other ways to send a message and to get one back.
func applyRows() []measure.Row {
	return []measure.Row{{
		Name: "apply", About: "Pool.Apply one after the other, 64 bytes there and back",
		Unit: measure.Seconds, Anchor: pipe, Goal: measure.AtMost(measure.Seconds, 10e-6),
		Cases: append(inPool(apply(message)),
			measure.Case{Name: goroutines + ", a channel", Measure: throughChannels},
			roundTrip(pipe, pipes, calls, message),
			roundTrip("Go: socketpair, two processes", sockets, calls, message),
			withPool("mp, InProcess", mp.PoolOptions{Workers: workers, InProcess: true}, apply(message)),
			inC("spinning on shared memory", "spin", calls, 0),
			inC("futex", "futex", calls, 0),
			inC("pipe", "pipe", calls, 0),
			inPlugin("net/rpc", "apply-rpc", calls, 0),
			inPlugin("go-plugin", "apply-plugin", calls, 0),
			inPython("Pipe", "pipe", calls, 0),
			inPython("Pool.apply", "apply-pool", calls, 0),
			inPython("ProcessPoolExecutor.submit", "apply-executor", calls, 0),
			inNode("child_process", "node", "apply-process", calls, 0),
			inNode("worker_threads", "node", "apply-thread", calls, 0),
			inNode("piscina, threads", "piscina", "apply-piscina", calls, 0),
			inNode("workerpool, processes", "workerpool", "apply-workerpool", calls, 0),
		),
	}}
}

// apply calls a function that returns its argument of n bytes.
func apply(n int) func(ctx context.Context, m *measure.Meter, p *mp.Pool) error {
	return func(ctx context.Context, m *measure.Meter, p *mp.Pool) error {
		b := ones(m.Size(n))
		times := max(10, min(calls, 256<<20/max(n, 1)))
		return m.Each(times, func() error { _, err := mp.Apply(ctx, p, same, b); return err })
	}
}

func throughChannels(_ context.Context, m *measure.Meter) error {
	there, back := make(chan []byte), make(chan []byte)
	defer close(there)
	go func() {
		for b := range there {
			back <- b
		}
	}()
	b := make([]byte, message)
	return m.Each(20*calls, func() error {
		there <- b
		<-back
		return nil
	})
}
