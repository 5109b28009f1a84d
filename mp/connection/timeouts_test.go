package connection_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/connection"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// Late sends 123 once it is told to, and then dials and sends 456 when it is told again.
var Late = mp.Register("late", func(ctx context.Context, l late) (int, error) {
	if err := errors.Join(l.Conn.Recv(ctx, new(int)), l.Conn.Send(ctx, 123)); err != nil {
		return 0, err
	}
	short, cancel := context.WithTimeout(ctx, patience)
	c, err := connection.Dial(short, l.Network, l.Address, &connection.Options{Key: key})
	cancel() // short bounds Dial, and not the connection
	if err != nil {
		return 0, err
	}
	defer c.Close()
	return 0, errors.Join(l.Conn.Recv(ctx, new(int)), c.Send(ctx, 456))
})

type late struct {
	Conn *connection.Conn
	place
}

// PY-CONN-17: the limit of a Poll, of a ctx or of a handshake has no effect on later calls. Unlike Python, Go has no default
// timeout of sockets that could.
func TestTimeoutsPass(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		const limit = 20 * time.Millisecond
		l := listen(t, place{"tcp", ""}, &connection.Options{Key: key, HandshakeTimeout: 250 * limit})
		a, b := pipe(t)
		p, err := mp.Start(ctx, Late, late{b, place{l.Network(), l.Addr()}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		short := func(call func(ctx context.Context) error) {
			t.Helper()
			ctx, cancel := context.WithTimeout(ctx, limit)
			defer cancel()
			if err := call(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		}
		expect := func(c *connection.Conn, want int) {
			t.Helper()
			short(func(ctx context.Context) error { return c.Recv(ctx, new(int)) })
			if ready, err := c.Poll(limit); ready || err != nil {
				t.Error(ready, err)
			}
			var got int
			time.AfterFunc(2*limit, func() { a.Send(ctx, 1) }) // long after both limits
			if err := c.Recv(ctx, &got); got != want || err != nil {
				t.Error(got, err)
			}
		}
		short(func(ctx context.Context) error { _, err := l.Accept(ctx); return err })
		expect(a, 123)
		began := time.Now()
		c, err := l.Accept(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		time.Sleep(time.Until(began.Add(260 * limit))) // until the handshake's time is over; there is no event for that
		expect(c, 456)
		if _, err := p.Result(ctx); err != nil {
			t.Error(err)
		}
	})
}
