package popen

import (
	"io"
	"os"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// Drain is a pipe from a process to a writer. It is read to the end whatever the writer says, so that the process never
// blocks on it for longer than the writer does.
type Drain struct {
	r    *os.File
	w    *sys.ChildEnd
	sink io.Writer
	done chan struct{}
}

// NewDrain makes a pipe whose bytes go to sink, one Write at a time. Give it to Start, which closes it in the end.
func NewDrain(sink io.Writer) (*Drain, error) {
	r, w, err := sys.Pipe()
	if err != nil {
		return nil, err
	}
	return &Drain{r: r, w: w, sink: sink, done: make(chan struct{})}, nil
}

// WriteEnd is the child's end; Start closes ours.
func (d *Drain) WriteEnd() *sys.ChildEnd { return d.w }

// Close closes a drain that was never given to Start.
func (d *Drain) Close() {
	d.w.Close()
	d.r.Close()
}

func (d *Drain) run() {
	defer close(d.done)
	buf := make([]byte, 32<<10)
	for {
		n, err := d.r.Read(buf)
		d.sink.Write(buf[:n])
		if err != nil {
			break
		}
	}
	if f, ok := d.sink.(interface{ flush() }); ok {
		f.flush()
	}
}

// finish ends the drain at the deadline although something may still hold the pipe, or its writer may be stuck: a
// writer that never returns keeps this goroutine, not the caller.
func (d *Drain) finish(deadline time.Time) {
	d.r.SetReadDeadline(deadline)
	timer := time.NewTimer(time.Until(deadline) + outputGrace)
	defer timer.Stop()
	select {
	case <-d.done:
	case <-timer.C:
	}
	d.r.Close()
}
