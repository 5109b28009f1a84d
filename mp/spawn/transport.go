package spawn

import (
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

// wantsShared reports whether the link to the child shall have shared memory.
func (s *Spec) wantsShared() (bool, error) {
	wanted, err := shm.Wanted()
	return wanted && s.Shared, err
}

// share makes the shared memory for the child's link, if spec wants it. Where that fails, the link does without.
func (c *Child) share(spec *Spec) {
	if want, _ := spec.wantsShared(); !want || c.shared != nil {
		return
	}
	var err error
	if c.shared, err = link.NewShared(); err != nil {
		Log.Debug("no shared memory for a link", "name", c.name, "child_pid", c.Pid(), "error", err)
	}
}

// unshare closes the shared memory.
func (c *Child) unshare() {
	if c.shared != nil {
		c.shared.Close()
		c.shared = nil
	}
}

// agree makes the link: of rings, if the child has answered that it has the shared memory.
func (c *Child) agree(answer []byte) {
	var l link.Link = c.stream
	switch {
	case c.shared == nil:
	case len(answer) == 1 && answer[0] == sharedAccepted:
		c.shared.CloseMemory()
		l = link.NewRings(c.stream, c.shared, true)
	default:
		Log.Debug("a child has no shared memory for its link", "name", c.name, "child_pid", c.Pid())
		c.unshare()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.link = l
}

// sharedAccepted is the body of kindReady when the child has the shared memory.
const sharedAccepted = 1

// accept makes the child's end of the link: of rings, if the parent has sent what they need. answer is for kindReady.
func accept(boot link.Link, m *link.Msg, shared bool) (l link.Link, answer []byte) {
	stream, ok := boot.(*link.Stream)
	if !shared || !ok {
		return boot, nil
	}
	n := max(len(m.Files)-link.SharedFiles, 0)
	memory, err := link.OpenShared(m.Files[n:])
	m.Files = m.Files[:n]
	if err != nil {
		step("prepare: no shared memory: %v", err)
		return stream, nil
	}
	return link.NewRings(stream, memory, false), []byte{sharedAccepted}
}
