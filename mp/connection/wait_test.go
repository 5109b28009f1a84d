package connection_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/connection"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

var Ten = mp.Register("ten", func(ctx context.Context, w *connection.Conn) (int, error) {
	for i := range 10 {
		if err := w.Send(ctx, i); err != nil {
			return i, err
		}
	}
	return 10, w.Close()
})

// PY-WAIT-01: several readers; all messages arrive, and the end ends each.
func TestWait(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		var open []connection.Waitable
		var processes []*mp.Process[int]
		for range 4 {
			r, w, err := connection.PipeOneWay()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			p, err := mp.Start(ctx, Ten, w, nil)
			if err != nil {
				t.Fatal(err)
			}
			open, processes = append(open, r), append(processes, p)
		}
		messages := 0
		for len(open) > 0 {
			ready, err := connection.Wait(ctx, open...)
			if err != nil || len(ready) == 0 {
				t.Fatal(ready, err)
			}
			for _, r := range ready {
				var n int
				if err := r.(*connection.Conn).Recv(ctx, &n); errors.Is(err, io.EOF) {
					open = slices.DeleteFunc(open, func(w connection.Waitable) bool { return w == r })
				} else if err != nil {
					t.Fatal(err)
				} else {
					messages++
				}
			}
		}
		if messages != 40 {
			t.Error(messages)
		}
		for _, p := range processes {
			p.Join(ctx)
		}
	})
}

// PY-WAIT-03, PY-WAIT-04, PY-WAIT-05: processes among connections; all that are ready, in order; a ctx that is over only looks.
func TestWaitMixed(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		a, b := pipe(t)
		c, d := pipe(t)
		x, y := pipe(t)
		p := start(t, x, y, "drain", 0)
		over, cancel := context.WithCancel(ctx)
		cancel()
		soon, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		for _, ended := range []context.Context{over, soon} {
			if ready, err := connection.Wait(ended, a, p, c); len(ready) > 0 || !errors.Is(err, ended.Err()) || ended.Err() == nil {
				t.Error(ready, err)
			}
		}
		expect := func(ctx context.Context, want ...connection.Waitable) {
			t.Helper()
			if ready, err := connection.Wait(ctx, a, p, c); !slices.Equal(ready, want) || err != nil {
				t.Errorf("%v instead of %v, %v", ready, want, err)
			}
		}
		go d.Send(ctx, 1)
		expect(ctx, c)
		expect(over, c)
		x.Close()
		<-p.Done()
		expect(ctx, p, c)
		if err := b.SendBytes(ctx, nil); err != nil {
			t.Error(err)
		}
		expect(ctx, a, p, c)
		c.Close()
		d.Close()
		expect(ctx, a, p, c) // a closed end waits for nothing either
	})
}

// PY-WAIT-06: more than Windows can wait for; PY-CONN-11: and none.
func TestWaitMany(t *testing.T) {
	leak.Check(t)
	ctx := within(t)
	var all []connection.Waitable
	var last *connection.Conn
	for range 130 {
		a, b := pipe(t)
		all, last = append(all, a), b
	}
	time.AfterFunc(time.Millisecond, func() { last.Send(ctx, 1) })
	if ready, err := connection.Wait(ctx, all...); len(ready) != 1 || ready[0] != all[129] || err != nil {
		t.Error(ready, err)
	}
	soon, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	if ready, err := connection.Wait(soon); len(ready) != 0 || !errors.Is(err, context.DeadlineExceeded) {
		t.Error(ready, err)
	}
}

// Wait takes nothing from who receives meanwhile, and the end ends it.
func TestWaitBesideRecv(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		a, b := pipe(t)
		received := make(chan error)
		go func() {
			var n int
			for {
				if err := b.Recv(ctx, &n); err != nil {
					received <- err
					return
				}
			}
		}()
		waited := make(chan error)
		go func() {
			_, err := connection.Wait(ctx, b)
			waited <- err
		}()
		for i := range 100 {
			if err := a.Send(ctx, i); err != nil {
				t.Error(err)
			}
		}
		a.Close()
		if err := <-received; !errors.Is(err, io.EOF) {
			t.Error(err)
		}
		if err := <-waited; err != nil {
			t.Error(err)
		}
	})
}

func TestWaitMisuse(t *testing.T) {
	leak.Check(t)
	ctx := within(t)
	r, w, err := connection.PipeOneWay()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for _, bad := range []connection.Waitable{nil, (*connection.Conn)(nil), w} {
		if _, err := connection.Wait(ctx, r, bad); err == nil || !strings.HasPrefix(err.Error(), "mp: Wait") {
			t.Error(err)
		}
	}
}
