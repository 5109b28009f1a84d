package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
	"golang.org/x/sys/unix"
)

// other is a second process of this program, and this end of two files between the two.
type other struct {
	w, r *os.File
	wait func() error
}

// link makes the files: theirR reads what is written to w, and r what is written to theirW. The other process gets theirR
// and theirW.
type link func() (w, theirR, r, theirW *os.File, err error)

func pipes() (w, theirR, r, theirW *os.File, err error) {
	theirR, w, err = os.Pipe()
	if err != nil {
		return
	}
	r, theirW, err = os.Pipe()
	return
}

// sockets makes a pair of Unix sockets that wait in the netpoller, as pipes of package os do.
func sockets() (w, theirR, r, theirW *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return
	}
	w, theirR = os.NewFile(uintptr(fds[0]), "socket"), os.NewFile(uintptr(fds[1]), "socket")
	return w, theirR, w, theirR, nil
}

// startOther starts a process in the role echo or sink, for messages of n bytes.
func startOther(ctx context.Context, l link, role string, n int) (*other, error) {
	w, theirR, r, theirW, err := l()
	if err != nil {
		return nil, err
	}
	defer closeAll(theirR, theirW)
	cmd, err := itself(ctx, []*os.File{theirR, theirW}, role, strconv.Itoa(n))
	if err != nil {
		closeAll(w, r)
		return nil, err
	}
	return &other{w, r, cmd.Wait}, nil
}

// Close closes this end, so that the other process reads the end of its input and exits, and waits for that.
func (o *other) Close() error {
	closeAll(o.w, o.r)
	return o.wait()
}

// echo sends b to a process in the role echo, and reads it back.
func (o *other) echo(b []byte) error {
	if _, err := o.w.Write(b); err != nil {
		return err
	}
	_, err := io.ReadFull(o.r, b)
	return err
}

// roundTrip is a message of n bytes to another process and back, through files of package os and nothing else.
func roundTrip(name string, l link, times, n int) measure.Case {
	return measure.Case{Name: name, Measure: func(ctx context.Context, m *measure.Meter) error {
		o, err := startOther(ctx, l, "echo", n)
		if err != nil {
			return err
		}
		defer o.Close()
		b := make([]byte, n)
		return m.Each(times, func() error {
			return o.echo(b)
		})
	}}
}

// oneWay sends messages of n bytes one after the other to a process that looks at each page and answers with a byte.
func oneWay(name string, l link, times, n int) measure.Case {
	return measure.Case{Name: name, Measure: func(ctx context.Context, m *measure.Meter) error {
		n := m.Size(n)
		o, err := startOther(ctx, l, "sink", n)
		if err != nil {
			return err
		}
		defer o.Close()
		b, answer, want := ones(n), make([]byte, 1), byte(touch(ones(n)))
		m.Payload(n)
		return m.All(times, func(times int) error {
			for range times {
				if _, err := o.w.Write(b); err != nil {
					return err
				}
				if _, err := io.ReadFull(o.r, answer); err != nil {
					return err
				}
				if answer[0] != want {
					return fmt.Errorf("the other has seen %d, not %d", answer[0], want)
				}
			}
			return nil
		})
	}}
}
