package process

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

const role = "process"

// Kinds of messages from a process to its parent; one of them is the only one there is.
const (
	kindResult  = spawn.FirstKind + iota // the encoded result
	kindFailure                          // the encoded failure
)

func init() { spawn.RegisterRole(role, serve) }

func appendID(b []byte, id uint32) []byte { return binary.LittleEndian.AppendUint32(b, id) }

// serve runs the one function that this process was started for.
func serve(self *spawn.Self) (code int) {
	if len(self.Arg.Body) < 4 {
		fmt.Fprintln(os.Stderr, "mp: this process was started without a function")
		return 1
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	go listen(self, cancel)
	id := binary.LittleEndian.Uint32(self.Arg.Body)

	var out wire.Buffer
	outcome := make(chan *spawn.Failure, 1)
	go spawn.Run(ctx, id, self.Arg.Body[4:], self.Arg.Files, &out, func(f *spawn.Failure) { outcome <- f })
	if failure := <-outcome; failure != nil {
		return fail(self, failure)
	}
	if self.Link.Send(link.Msg{Kind: kindResult, Body: out.Data, Files: out.Files}) != nil {
		self.Orphaned()
	}
	return 0
}

// listen hears from the parent: to stop, or, when the link ends, that it is gone.
func listen(self *spawn.Self, cancel context.CancelCauseFunc) {
	for {
		m, err := self.Link.Recv()
		if err != nil {
			self.Orphaned()
		}
		if m.Kind == spawn.KindStop {
			cancel(stopCause(spawn.Cause(m.Body)))
		}
		m.Release()
	}
}

func stopCause(c spawn.Cause) error {
	if c == spawn.CauseDeadline {
		return context.DeadlineExceeded
	}
	return context.Canceled
}

// fail tells the parent, and says on standard error what Python says there.
func fail(self *spawn.Self, f *spawn.Failure) int {
	fmt.Fprintf(os.Stderr, "Process %s:\n", spawn.Name())
	if f.Panic {
		fmt.Fprintf(os.Stderr, "panic: %s\n\n%s", f.Message, f.Stack)
	} else {
		fmt.Fprintln(os.Stderr, f.Message)
	}
	var b wire.Buffer
	err := errors.Join(spawn.EncodeFailure(&b, f), self.Link.Send(link.Msg{Kind: kindFailure, Body: b.Data}))
	if err != nil {
		self.Orphaned()
	}
	return 1
}
