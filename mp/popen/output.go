package popen

import (
	"bytes"
	"io"
	"sync"
)

// tail keeps the last bytes that were written to it.
type tail struct {
	mu    sync.Mutex
	buf   []byte
	limit int
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if len(t.buf) > 2*t.limit { // trim now and then, not at every write
		t.buf = append(t.buf[:0], t.buf[len(t.buf)-t.limit:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf[max(0, len(t.buf)-t.limit):])
}

// Head keeps the first bytes that were written to it and drops the rest.
type Head struct {
	mu    sync.Mutex
	buf   []byte
	limit int
}

// NewHead returns a Head that keeps limit bytes.
func NewHead(limit int) *Head { return &Head{limit: limit} }

// Write never fails.
func (h *Head) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.buf = append(h.buf, p[:min(len(p), h.limit-len(h.buf))]...)
	return len(p), nil
}

// String is what was kept.
func (h *Head) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return string(h.buf)
}

// headline keeps the last line that begins with a prefix. Each Write must be of whole lines.
type headline struct {
	prefix []byte
	mu     sync.Mutex
	line   string
}

func (h *headline) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		if bytes.HasPrefix(line, h.prefix) {
			h.mu.Lock()
			h.line = string(line)
			h.mu.Unlock()
		}
	}
	return len(p), nil
}

func (h *headline) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.line
}

// lines passes whole lines on, so that the output of several processes never mixes within a line. A line that grows
// beyond a limit is passed on in parts.
type lines struct {
	w       io.Writer
	partial []byte
}

const longestLine = 64 << 10

func newLines(w io.Writer) *lines { return &lines{w: w} }

func (l *lines) Write(p []byte) (int, error) {
	end := bytes.LastIndexByte(p, '\n') + 1
	if end > 0 || len(l.partial)+len(p) > longestLine {
		if end == 0 {
			end = len(p)
		}
		if len(l.partial) == 0 {
			l.w.Write(p[:end])
		} else {
			l.w.Write(append(l.partial, p[:end]...))
			l.partial = l.partial[:0]
		}
	} else {
		end = 0
	}
	l.partial = append(l.partial, p[end:]...)
	return len(p), nil
}

func (l *lines) flush() {
	if len(l.partial) > 0 {
		l.w.Write(l.partial)
		l.partial = nil
	}
}

// tee writes to several writers and ignores their errors.
type tee []io.Writer

func (t tee) Write(p []byte) (int, error) {
	for _, w := range t {
		w.Write(p)
	}
	return len(p), nil
}

func (t tee) flush() {
	for _, w := range t {
		if f, ok := w.(interface{ flush() }); ok {
			f.flush()
		}
	}
}
