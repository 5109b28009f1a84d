package spawn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// A child with MP_TEST_STUCK prints a line and blocks here, before it is ready.
var _ = func() bool {
	if os.Getenv("MP_TEST_STUCK") != "" {
		fmt.Fprintln(os.Stderr, "stuck at the door")
		for {
			time.Sleep(time.Hour)
		}
	}
	return true
}()

// once is a writer that calls itself when the word "stuck" is written to it.
type once func()

func (f once) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("stuck")) {
		f()
	}
	return len(b), nil
}

// A child that blocks while it starts is killed when its ctx ends or the boot limit is over. Start's error quotes the child's last
// output.
func TestSilentWhileStarting(t *testing.T) {
	leak.Check(t)
	start := func(ctx context.Context, heard func()) error {
		_, err := mp.Start(ctx, Env.Func, struct{}{}, &mp.ProcessOptions{
			Env: append(os.Environ(), "MP_TEST_STUCK=1"), Stderr: once(heard),
		})
		var exit *mp.ExitError
		if !errors.As(err, &exit) {
			t.Fatalf("no ExitError: %v", err)
		}
		if !exit.Bootstrapping || !strings.Contains(err.Error(), "was killed before it was ready: ") {
			t.Errorf("%v, %+v", err, exit)
		}
		return err
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := start(ctx, cancel)
	exit := err.(interface{ Unwrap() []error }).Unwrap()[1].(*mp.ExitError)
	if !errors.Is(err, context.Canceled) || exit.Stderr != "stuck at the door\n" || !strings.HasSuffix(err.Error(), ": stuck at the door") {
		t.Errorf("%v, %q", err, exit.Stderr)
	}
	spawn.BootLimit(t, 500*time.Millisecond)
	if err := start(t.Context(), func() {}); !errors.Is(err, mp.ErrTimeout) || !strings.Contains(err.Error(), "it was not ready within 500ms") {
		t.Error(err)
	}
}
