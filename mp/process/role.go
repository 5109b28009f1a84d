package process

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

const role = "process"

// Kinds of messages from a process to its parent. A process sends one message of either kind.
const (
	kindResult  = spawn.FirstKind + iota // the encoded result
	kindFailure                          // the encoded failure
)

func init() { spawn.RegisterRole(role, serve) }

// headerSize is the size of the header before the encoded argument: the number of the function, and the time left until the
// deadline of its ctx, in nanoseconds, or 0 for no deadline.
const headerSize = 12

func appendHeader(b []byte, id uint32, ctx context.Context) []byte {
	b = binary.LittleEndian.AppendUint32(b, id)
	var left time.Duration
	if deadline, ok := ctx.Deadline(); ok {
		left = max(time.Until(deadline), 1)
	}
	return binary.LittleEndian.AppendUint64(b, uint64(left))
}

// serve runs the one function that this process was started for.
func serve(self *spawn.Self) (code int) {
	if len(self.Arg.Body) < headerSize {
		fmt.Fprintln(os.Stderr, "mp: this process was started without a function")
		return 1
	}
	id := binary.LittleEndian.Uint32(self.Arg.Body)
	var deadline time.Time
	if left := int64(binary.LittleEndian.Uint64(self.Arg.Body[4:])); left != 0 {
		deadline = time.Now().Add(time.Duration(left))
	}
	ctx := spawn.NewEnding(deadline)
	go listen(self, ctx)

	var out wire.Buffer
	var failure *spawn.Failure
	returned := false
	defer func() {
		if !returned { // the function has ended this goroutine, main's, with Goexit: exit on another one
			go spawn.Exit(fail(self, failure))
		}
	}()
	new(spawn.Runner).Run(ctx, id, self.Arg.Body[headerSize:], self.Arg.Files, &out, func(f *spawn.Failure) { failure = f })
	returned = true
	if failure != nil {
		return fail(self, failure)
	}
	switch err := tell(self, link.Msg{Kind: kindResult, Body: out.Data, Files: out.Files}); {
	case errors.Is(err, link.ErrNotSent):
		return fail(self, spawn.Unsent(err))
	case err != nil:
		self.Orphaned()
	}
	return 0
}

// tell sends the outcome and flushes it. Records of the log may be queued before it, and the parent may read them slowly: the
// ExitLimit that Exit allows for the last messages may be too short for that.
func tell(self *spawn.Self, m link.Msg) error {
	if err := self.Link.Send(m); err != nil {
		return err
	}
	return self.Link.Flush()
}

// listen reads the link: the parent tells the function to stop, or the link ends because the parent is gone.
func listen(self *spawn.Self, ctx *spawn.Ending) {
	for {
		m, err := self.Link.Recv()
		if err != nil {
			self.Orphaned()
		}
		if m.Kind == spawn.KindStop {
			ctx.End(spawn.Cause(m.Body).Err())
		}
		m.Release()
	}
}

// fail sends the failure to the parent and prints it on standard error, as Python does. It returns the exit code.
func fail(self *spawn.Self, f *spawn.Failure) int {
	var b wire.Buffer
	err := spawn.EncodeFailure(&b, f)
	if err == nil {
		err = tell(self, link.Msg{Kind: kindFailure, Body: b.Data})
	}
	if err != nil {
		self.Orphaned()
	}
	if f.Panic {
		spawn.Complain("Process %s:\npanic: %s\n\n%s", spawn.Name(), f.Message, f.Stack)
	} else {
		spawn.Complain("Process %s:\n%s\n", spawn.Name(), f.Message)
	}
	return 1
}
