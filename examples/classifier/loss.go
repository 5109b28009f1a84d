package main

import (
	"errors"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// loss is an item that came back as an error because of what its worker met.
type loss struct {
	index, pid int
	late       bool   // the worker did not end it in time
	how        string // or it died of this
}

// lossOf tells such an error from others. A worker that notices in time that
// it is late stops by itself, and need not be killed.
func lossOf(err error) (l loss, ok bool) {
	if death, ok := errors.AsType[*mp.ExitError](err); ok {
		return loss{death.Index, death.Pid, death.Cause == mp.CauseDeadline, how(death)}, true
	}
	if remote, ok := errors.AsType[*mp.RemoteError](err); ok && errors.Is(err, mp.ErrTimeout) {
		return loss{index: remote.Index, pid: remote.Pid, late: true}, true
	}
	return loss{}, false
}

// how a worker ended: by a signal, as a rule.
func how(death *mp.ExitError) string {
	if death.Signal == 0 {
		return fmt.Sprintf("exit status %d", death.ExitCode)
	}
	return signalName(death.Signal)
}
