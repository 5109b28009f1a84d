package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"
)

// sentinels are the errors that keep their identity on the way to another
// process: there errors.Is finds the error of the same name.
var sentinels = struct {
	sync.RWMutex
	byName map[string]error
}{byName: map[string]error{
	"fs.ErrExist":              fs.ErrExist,
	"fs.ErrNotExist":           fs.ErrNotExist,
	"fs.ErrPermission":         fs.ErrPermission,
	"fs.ErrInvalid":            fs.ErrInvalid,
	"fs.ErrClosed":             fs.ErrClosed,
	"io.EOF":                   io.EOF,
	"io.ErrUnexpectedEOF":      io.ErrUnexpectedEOF,
	"io.ErrClosedPipe":         io.ErrClosedPipe,
	"io.ErrShortBuffer":        io.ErrShortBuffer,
	"io.ErrNoProgress":         io.ErrNoProgress,
	"context.Canceled":         context.Canceled,
	"context.DeadlineExceeded": context.DeadlineExceeded,
	"os.ErrDeadlineExceeded":   os.ErrDeadlineExceeded,
	"os.ErrProcessDone":        os.ErrProcessDone,
	"errors.ErrUnsupported":    errors.ErrUnsupported,
}}

// AddSentinel makes errors.Is(e, err) hold for errors that arrive from another
// process if it held there for the error registered under the same name.
func AddSentinel(name string, err error) error {
	if name == "" {
		return errors.New("an error must be registered under a name")
	}
	if err == nil {
		return fmt.Errorf("the error registered as %q is nil", name)
	}
	sentinels.Lock()
	defer sentinels.Unlock()
	if _, ok := sentinels.byName[name]; ok {
		return fmt.Errorf("an error is already registered as %q", name)
	}
	sentinels.byName[name] = err
	return nil
}

// sentinel returns the error of that name.
func sentinel(name string) (error, bool) {
	sentinels.RLock()
	defer sentinels.RUnlock()
	err, ok := sentinels.byName[name]
	return err, ok
}

// namedSentinels calls yield for each one, by name. No lock is held meanwhile:
// yield runs methods of users.
func namedSentinels(yield func(name string, err error)) {
	sentinels.RLock()
	names := slices.Sorted(maps.Keys(sentinels.byName))
	sentinels.RUnlock()
	for _, name := range names {
		if err, ok := sentinel(name); ok {
			yield(name, err)
		}
	}
}
