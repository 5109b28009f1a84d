package link

import (
	"bytes"
	"fmt"
	"io"
	"sync"
)

// Memory is one end of a link inside one process. It waits on channels only, so that testing/synctest can follow it.
type Memory struct {
	in, out *mailbox
	heed    bool
	journal *Journal
}

// memoryDepth is how many messages wait in a mailbox before senders block.
const memoryDepth = 64

// mailbox carries messages one way.
type mailbox struct {
	messages chan Msg
	urgent   chan Msg
	once     sync.Once
	closed   chan struct{} // closed when either end closes the link
}

func newMailbox() *mailbox {
	return &mailbox{messages: make(chan Msg, memoryDepth), urgent: make(chan Msg, memoryDepth), closed: make(chan struct{})}
}

func (b *mailbox) close() { b.once.Do(func() { close(b.closed) }) }

// NewMemory returns both ends of a link.
func NewMemory() (a, b *Memory) {
	there, back := newMailbox(), newMailbox()
	return &Memory{in: back, out: there}, &Memory{in: there, out: back}
}

// NewMemoryJournal is NewMemory with a journal.
func NewMemoryJournal() (a, b *Memory) {
	a, b = NewMemory()
	a.journal = newJournal(make([]byte, journalSize))
	b.journal = a.journal
	return a, b
}

// Send is documented with Link.
func (l *Memory) Send(m Msg) error { return l.put(l.out.messages, m) }

// Reserve is documented with Link. There is nothing to reserve here.
func (l *Memory) Reserve(int) Msg { return Msg{} }

// Urge is documented with Link.
func (l *Memory) Urge(m Msg) error { return l.put(l.out.urgent, m) }

func (l *Memory) put(to chan<- Msg, m Msg) error {
	select {
	case <-l.out.closed:
		return ErrClosed
	default:
	}
	files, err := Dup(m.Files)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	sent := Msg{Kind: m.Kind, ID: m.ID, Body: bytes.Clone(m.Body), Files: files}
	select {
	case to <- sent:
		return nil
	case <-l.out.closed:
		sent.CloseFiles()
		return ErrClosed
	}
}

// Post is documented with Link. Every message is visible at once here.
func (l *Memory) Post(m Msg) error { return l.Send(m) }

// Flush is documented with Link. It has nothing to do here.
func (l *Memory) Flush() error { return nil }

// Heed is documented with Link.
func (l *Memory) Heed(f func(m Msg, end error)) {
	l.heed = true
	go func() {
		for {
			select {
			case m := <-l.in.urgent:
				f(m, nil)
			case <-l.in.closed:
				f(Msg{}, io.EOF)
				return
			}
		}
	}()
}

// Recv is documented with Link. Without Heed it returns urged messages as well.
func (l *Memory) Recv() (Msg, error) {
	urgent := l.in.urgent
	if l.heed {
		urgent = nil
	}
	select {
	case m := <-urgent:
		return m, nil
	default:
	}
	select {
	case m := <-l.in.messages:
		return m, nil
	default:
	}
	select {
	case m := <-urgent:
		return m, nil
	case m := <-l.in.messages:
		return m, nil
	case <-l.in.closed:
	}
	select { // what was sent before the close comes first
	case m := <-l.in.messages:
		return m, nil
	default:
		return Msg{}, io.EOF
	}
}

// Poll is documented with Link.
func (l *Memory) Poll() bool {
	select {
	case <-l.in.closed:
		return true
	default:
		return len(l.in.messages) > 0
	}
}

// Journal is documented with Link.
func (l *Memory) Journal() *Journal { return l.journal }

// Close is documented with Link.
func (l *Memory) Close() error {
	l.in.close()
	l.out.close()
	return nil
}
