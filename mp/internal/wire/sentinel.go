package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
)

// namedError is an error that keeps its identity on the way to another
// process: there errors.Is finds the error of the same name.
type namedError struct {
	name string
	err  error
}

// sentinels is a list because it is made faster than a map: there are few, and
// most children look none up.
var sentinels = struct {
	sync.RWMutex
	list []namedError
}{list: []namedError{
	{"fs.ErrExist", fs.ErrExist},
	{"fs.ErrNotExist", fs.ErrNotExist},
	{"fs.ErrPermission", fs.ErrPermission},
	{"fs.ErrInvalid", fs.ErrInvalid},
	{"fs.ErrClosed", fs.ErrClosed},
	{"io.EOF", io.EOF},
	{"io.ErrUnexpectedEOF", io.ErrUnexpectedEOF},
	{"io.ErrClosedPipe", io.ErrClosedPipe},
	{"io.ErrShortBuffer", io.ErrShortBuffer},
	{"io.ErrNoProgress", io.ErrNoProgress},
	{"context.Canceled", context.Canceled},
	{"context.DeadlineExceeded", context.DeadlineExceeded},
	{"os.ErrDeadlineExceeded", os.ErrDeadlineExceeded},
	{"os.ErrProcessDone", os.ErrProcessDone},
	{"errors.ErrUnsupported", errors.ErrUnsupported},
}}

// AddSentinel registers err under a name. For an error e that arrives from another
// process, errors.Is(e, err) holds if it held there for the error that is
// registered under the same name.
func AddSentinel(name string, err error) error {
	if name == "" {
		return errors.New("an error must be registered under a name")
	}
	if err == nil {
		return fmt.Errorf("the error registered as %q is nil", name)
	}
	if _, taken := sentinel(name); taken {
		return fmt.Errorf("an error is already registered as %q", name)
	}
	sentinels.Lock()
	defer sentinels.Unlock()
	sentinels.list = append(sentinels.list, namedError{name, err})
	return nil
}

// sentinel returns the error of that name.
func sentinel(name string) (error, bool) {
	sentinels.RLock()
	defer sentinels.RUnlock()
	for _, s := range sentinels.list {
		if s.name == name {
			return s.err, true
		}
	}
	return nil, false
}

// namedSentinels calls yield for each sentinel. No lock is held meanwhile: yield
// runs methods of users.
func namedSentinels(yield func(name string, err error)) {
	sentinels.RLock()
	list := slices.Clone(sentinels.list)
	sentinels.RUnlock()
	for _, s := range list {
		yield(s.name, s.err)
	}
}
