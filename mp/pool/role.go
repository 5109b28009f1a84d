package pool

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

const role = "pool worker"

func init() { spawn.RegisterRole(role, serveChild) }

// serveChild is the role of a worker process.
func serveChild(self *spawn.Self) (code int) {
	s := newServer(self.Link, true)
	err := s.serve(func(ctx context.Context) *spawn.Failure {
		return runInit(ctx, self.Arg.Body, self.Arg.Files)
	})
	switch {
	case errors.Is(err, errGone):
		self.Orphaned()
	case err != nil:
		fmt.Fprintf(os.Stderr, "mp: %s: %v\n", spawn.Name(), err)
		self.Link.Close() // the pool is not to wait until this process has joined its own children
		return 1
	default: // this process may have to wait for its own children, but not without the pool
		go func() {
			s.awaitGone()
			self.Orphaned()
		}()
	}
	return 0
}

// encodeInit makes the argument of the role: the function that initialises a worker and its argument, or nothing.
func encodeInit(i spawn.Initializer) (wire.Buffer, error) {
	var b wire.Buffer
	if i.Name() == "" {
		return b, nil
	}
	b.Data = make([]byte, 4)
	id, err := spawn.EncodeInit(i, &b)
	binary.LittleEndian.PutUint32(b.Data, id)
	if err == nil && b.Boarded() {
		b.Reset()
		err = spawn.ArgUnsent(i.Name(), -1, errors.New("every worker gets it, and it holds an object that one process has at a time, such as an end of a Pipe"))
	}
	return b, err
}

// runInit runs what encodeInit wrote, in a goroutine that it may end.
func runInit(ctx context.Context, body []byte, files []*os.File) *spawn.Failure {
	if len(body) < 4 {
		return nil
	}
	var out wire.Buffer
	failure := make(chan *spawn.Failure, 1)
	go new(spawn.Runner).Run(ctx, binary.LittleEndian.Uint32(body), body[4:], files, &out,
		func(f *spawn.Failure) { failure <- f })
	return <-failure
}
