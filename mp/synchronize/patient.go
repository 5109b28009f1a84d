package synchronize

import (
	"fmt"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// patience is how long calls without a ctx wait for an answer.
var patience = 5 * time.Second // changed by tests

// glance is how long a call with a ctx that is over already waits for an answer.
const glance = 50 * time.Millisecond

// errSilent is the cause of the end of a patient ctx.
var errSilent = fmt.Errorf("%w: the process that made it does not answer", spawn.ErrTimeout)

// patient is the ctx of a call without one.
func patient(limit time.Duration) *share.Patient {
	return &share.Patient{Limit: limit, Cause: errSilent}
}
