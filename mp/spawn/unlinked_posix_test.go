//go:build unix

package spawn_test

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// A child with MP_TEST_UNLINKED closes its link here, as a program does that closes descriptors it has not opened.
var _ = func() bool {
	if os.Getenv("MP_TEST_UNLINKED") != "" {
		syscall.Close(3)
		for {
			time.Sleep(time.Hour)
		}
	}
	return true
}()

// A child that closes its link while it starts, and goes on, is killed, and the cause in Start's error is CauseLink.
func TestUnlinkedWhileStarting(t *testing.T) {
	leak.Check(t)
	_, err := Env.run(t, struct{}{}, &mp.ProcessOptions{Env: append(os.Environ(), "MP_TEST_UNLINKED=1")})
	var exit *mp.ExitError
	if !errors.As(err, &exit) || exit.Cause != spawn.CauseLink || !exit.Bootstrapping {
		t.Error(err)
	}
}
