package popen

import (
	"io"
	"os"
	"reflect"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// streams returns the files for descriptors 0, 1 and 2. It adds the drains that it makes to p.drains, also when it fails.
func (p *Process) streams(cfg *Config, null *sys.ChildEnd) ([]*sys.ChildEnd, error) {
	destination := cfg.Stderr
	if destination == nil {
		var err error
		if destination, err = ourStderr(); err != nil {
			return nil, err
		}
	}
	stderr, err := NewDrain(tee{p.tail, newLines(tee{p.fatal, destination})})
	if err != nil {
		return nil, err
	}
	p.drains = append(p.drains, stderr)
	streams := []*sys.ChildEnd{null, null, stderr.w}
	switch stdout := cfg.Stdout.(type) {
	case nil:
		if os.Stdout != nil && sys.Open(os.Stdout) {
			streams[1] = sys.Lend(os.Stdout)
		}
	case *os.File:
		streams[1] = sys.Lend(stdout)
	default:
		if cfg.Stderr != nil && same(cfg.Stdout, cfg.Stderr) {
			streams[1] = stderr.w // one pipe, so that the writer is never called twice at once
			break
		}
		d, err := NewDrain(newLines(stdout))
		if err != nil {
			return nil, err
		}
		p.drains = append(p.drains, d)
		streams[1] = d.w
	}
	return streams, nil
}

// same reports whether a and b are one writer. To compare types that are not comparable would panic, also those nested in a
// value.
func same(a, b io.Writer) bool { return reflect.ValueOf(a).Comparable() && a == b }

// stderrCopy is where children's standard error goes. It is a copy of ours, because writing to descriptor 2 itself would kill
// this process when the reader is gone. It is made once, while os.Stderr is open: later the descriptor may be another file's.
var stderrCopy struct {
	sync.Mutex
	file *os.File
}

// ourStderr is our standard error, or io.Discard if we have none.
func ourStderr() (io.Writer, error) {
	f := os.Stderr
	if f != nil && f.Name() != "/dev/stderr" {
		return f, nil // the program has put another file in its place
	}
	stderrCopy.Lock()
	defer stderrCopy.Unlock()
	if stderrCopy.file == nil {
		if f == nil || !sys.Open(f) {
			return io.Discard, nil
		}
		var err error
		if stderrCopy.file, err = sys.Dup(f); err != nil {
			return nil, err
		}
	}
	return stderrCopy.file, nil
}
