package synchronize

import (
	"fmt"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// patience is how long calls without a ctx wait for an answer.
var patience = 5 * time.Second // changed by tests

// glance is how long a call whose ctx has ended before waits for an answer.
var glance = share.Glance // changed by tests

// errSilent is the cause of the end of a patient ctx.
var errSilent = fmt.Errorf("%w: the process that made it does not answer", spawn.ErrTimeout)

// patient makes the ctx for a call that was given none.
func patient(limit time.Duration) *share.Patient {
	return &share.Patient{Limit: limit, Cause: errSilent}
}
