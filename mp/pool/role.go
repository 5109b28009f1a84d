package pool

import (
	"context"
	"encoding/binary"
	"errors"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

const role = "pool worker"

func init() { spawn.RegisterRole(role, serveChild) }

// serveChild runs in a worker process, until the pool says stop or is gone.
func serveChild(self *spawn.Self) (code int) {
	s := newServer(self.Link, true)
	err := s.serve(func(ctx context.Context) *spawn.Failure {
		return runInit(ctx, self.Arg.Body, self.Arg.Files)
	})
	switch {
	case errors.Is(err, errGone):
		self.Orphaned()
	case err != nil:
		spawn.Complain("mp: %s: %v\n", spawn.Name(), err)
		self.Link.Close() // so that the pool need not wait until this process has joined its own children
		return 1
	default: // this process may now wait for its own children, but ends if the pool is gone
		go func() {
			s.awaitGone()
			self.Orphaned()
		}()
	}
	return 0
}

// encodeInit makes the argument of the role: the id of the function that initialises a worker, and its argument. Without an
// initializer it is empty.
func encodeInit(i spawn.Initializer) (wire.Buffer, error) {
	var b wire.Buffer
	if i.Name() == "" {
		return b, nil
	}
	b.Data = make([]byte, 4)
	id, err := spawn.EncodeInit(i, &b)
	if err == nil {
		binary.LittleEndian.PutUint32(b.Data, id)
	}
	return b, err
}

// runInit runs the initializer that encodeInit wrote, if there is one.
func runInit(ctx context.Context, body []byte, files []*os.File) *spawn.Failure {
	if len(body) < 4 {
		return nil
	}
	return spawn.RunInit(ctx, binary.LittleEndian.Uint32(body), body[4:], files)
}
