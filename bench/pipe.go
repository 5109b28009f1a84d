package main

import (
	"context"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/connection"
)

// What the process at the other end of a Pipe does.
var (
	echoesBytes = mp.Register("echoes-bytes", func(ctx context.Context, c *connection.Conn) (int, error) {
		defer c.Close()
		b := make([]byte, message)
		for {
			n, err := c.RecvBytesInto(ctx, b)
			if err != nil {
				return 0, ended(err)
			}
			if err := c.SendBytes(ctx, b[:n]); err != nil {
				return 0, ended(err)
			}
		}
	})
	echoesValues = mp.Register("echoes-values", func(ctx context.Context, c *connection.Conn) (int, error) {
		defer c.Close()
		var b []byte
		for {
			if err := c.Recv(ctx, &b); err != nil {
				return 0, ended(err)
			}
			if err := c.Send(ctx, &b); err != nil {
				return 0, ended(err)
			}
		}
	})
	swallows = mp.Register("swallows", func(ctx context.Context, c *connection.Conn) (int, error) {
		defer c.Close()
		var b []byte
		for {
			if err := c.Recv(ctx, &b); err != nil {
				return 0, ended(err)
			}
			if err := c.SendBytes(ctx, []byte{byte(touch(b))}); err != nil {
				return 0, ended(err)
			}
		}
	})
)

// Messages over a Pipe to another process: small ones there and back, and large ones.
func pipeRows() []measure.Row {
	bytes := bothWays(10*calls, calls, bytesThereAndBack)
	bytes[0].Rival = pipe // not the socket: it must not be worse than what every Go program has
	rows := []measure.Row{{
		Name: "pipe", About: "64 bytes there and back over a Pipe, SendBytes and RecvBytesInto",
		Unit: measure.Seconds, Anchor: pipe, Goal: measure.AtMost(measure.Seconds, 2e-6),
		Cases: append(bytes,
			valuesThereAndBack("mp, Send and Recv", 10*calls),
			roundTrip(pipe, pipes, calls, message),
			roundTrip("Go: socketpair, two processes", sockets, calls, message),
			measure.Case{Name: goroutines + ", a channel", Measure: throughChannels},
			inC("spinning on shared memory", "spin", calls, 0),
			inC("futex", "futex", calls, 0),
			inC("pipe", "pipe", calls, 0),
			inPython("Pipe, send_bytes", "pipe", calls, 0),
			inNode("child_process", "node", "apply-process", calls, 0),
			inNode("worker_threads", "node", "apply-thread", calls, 0),
		),
	}}
	for _, size := range []struct {
		name  string
		bytes int
	}{{"1MiB", 1 << 20}, {"16MiB", 16 << 20}} {
		n := size.bytes
		times := 1 << 30 / n
		rows = append(rows, measure.Row{
			Name: "messages/" + size.name, About: fmt.Sprintf("messages of %s over a Pipe into memory that is used again, one after the other", size.name),
			Unit: measure.BytesPerSecond, Anchor: pipe, Goal: measure.AtLeast(measure.BytesPerSecond, 5e9),
			Cases: append(withRival(largeMessages(ours, times, n)),
				oneWay(pipe, pipes, times, n),
				oneWay("Go: socketpair, two processes", sockets, times, n),
				copying(times, n),
				inC("memcpy", "memcpy", times, n),
				inPython("Pipe, send_bytes", "large-pipe", times/4, n),
				inNode("worker_threads, copied", "node", "large-thread", times/8, n),
			),
		})
	}
	return rows
}

func bytesThereAndBack(times int) measure.Case {
	return withCompanion(ours, echoesBytes, func(ctx context.Context, m *measure.Meter, c *companion) error {
		b := make([]byte, message)
		return m.Each(times, func() error {
			if err := c.SendBytes(ctx, b); err != nil {
				return err
			}
			_, err := c.RecvBytesInto(ctx, b)
			return err
		})
	})
}

func valuesThereAndBack(name string, times int) measure.Case {
	return withCompanion(name, echoesValues, func(ctx context.Context, m *measure.Meter, c *companion) error {
		b := make([]byte, message)
		return m.Each(times, func() error {
			if err := c.Send(ctx, &b); err != nil {
				return err
			}
			return c.Recv(ctx, &b)
		})
	})
}

// largeMessages is oneWay over a Pipe.
func largeMessages(name string, times, n int) measure.Case {
	return withCompanion(name, swallows, func(ctx context.Context, m *measure.Meter, c *companion) error {
		b := ones(m.Size(n))
		answer, want := make([]byte, 1), byte(touch(b))
		m.Payload(len(b))
		return m.All(times, func(times int) error {
			for range times {
				if err := c.Send(ctx, &b); err != nil {
					return err
				}
				if _, err := c.RecvBytesInto(ctx, answer); err != nil {
					return err
				}
				if answer[0] != want {
					return fmt.Errorf("the other has seen %d, not %d", answer[0], want)
				}
			}
			return nil
		})
	})
}
