package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/connection"
)

// companion is a child process, and this end of a pipe to it. The child runs until the pipe ends.
type companion struct {
	*connection.Conn
	process *mp.Process[int]
}

func newCompanion(ctx context.Context, role *mp.Func[*connection.Conn, int]) (*companion, error) {
	end, theirs, err := connection.Pipe()
	if err != nil {
		return nil, err
	}
	p, err := mp.Start(ctx, role, theirs, nil)
	if err != nil {
		end.Close()
		theirs.Close()
		return nil, err
	}
	return &companion{end, p}, nil
}

// Close ends the pipe, waits for the child to end, and returns the child's error.
func (c *companion) Close() error {
	c.Conn.Close()
	_, err := c.process.Result(context.Background())
	return err
}

// done waits until the child has done its errand, and returns the number that the child sends back. After an error c is
// closed.
func (c *companion) done(ctx context.Context) (n int, err error) {
	if err := c.Recv(ctx, &n); err != nil {
		return 0, errors.Join(err, c.Close())
	}
	return n, nil
}

// registerErrands registers a function for a companion: it receives one errand after the other, and sends back what do
// returns for each.
func registerErrands[E any](name string, do func(ctx context.Context, e E) (int, error)) *mp.Func[*connection.Conn, int] {
	return mp.Register(name, func(ctx context.Context, c *connection.Conn) (int, error) {
		defer c.Close()
		for {
			var e E
			if err := c.Recv(ctx, &e); err != nil {
				return 0, ended(err)
			}
			n, err := do(ctx, e)
			if err != nil {
				return 0, err
			}
			if err := c.Send(ctx, n); err != nil {
				return 0, ended(err)
			}
		}
	})
}

// company starts n companions. If one cannot be started, those before it are closed.
func company(ctx context.Context, n int, role *mp.Func[*connection.Conn, int]) (all companions, err error) {
	for range n {
		c, err := newCompanion(ctx, role)
		if err != nil {
			return nil, errors.Join(err, all.Close())
		}
		all = append(all, c)
	}
	return all, nil
}

type companions []*companion

// Close closes all of them.
func (cs companions) Close() (err error) {
	for _, c := range cs {
		err = errors.Join(err, c.Close())
	}
	return err
}

// send gives each companion the same errand.
func (cs companions) send(ctx context.Context, errand any) error {
	for _, c := range cs {
		if err := c.Send(ctx, errand); err != nil {
			return errors.Join(err, c.Close())
		}
	}
	return nil
}

// done waits for all companions, and returns the sum of their numbers.
func (cs companions) done(ctx context.Context) (sum int, err error) {
	for _, c := range cs {
		n, err := c.done(ctx)
		if err != nil {
			return sum, err
		}
		sum += n
	}
	return sum, nil
}

// withCompanion is a case with a companion, which is closed afterwards.
func withCompanion(name string, role *mp.Func[*connection.Conn, int], f func(ctx context.Context, m *measure.Meter, c *companion) error) measure.Case {
	return measure.Case{Name: name, Measure: func(ctx context.Context, m *measure.Meter) error {
		c, err := newCompanion(ctx, role)
		if err != nil {
			return err
		}
		if err := f(ctx, m, c); err != nil {
			return errors.Join(err, c.Close())
		}
		return c.Close()
	}}
}

// bothWays returns the case f(n), and its rival over the socket. The rival does overSocket operations, so that it takes about
// as long.
func bothWays(n, overSocket int, f func(n int) measure.Case) []measure.Case {
	cases := withRival(f(n))
	cases[1].Measure = f(overSocket).Measure
	return cases
}

// counted returns err, or an error if n is not want.
func counted(n, want int, err error) error {
	if err == nil && n != want {
		return fmt.Errorf("%d have arrived, not %d", n, want)
	}
	return err
}
