package link

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
)

// InProcess is one end of a link inside one process. It waits on channels only, so that testing/synctest can follow it.
type InProcess struct {
	in, out *mailbox
	heed    bool
	journal *Journal
}

// inProcessDepth is how many messages wait in a mailbox before senders block.
const inProcessDepth = 64

// mailbox carries messages one way.
type mailbox struct {
	messages chan Msg
	urgent   chan Msg
	once     sync.Once
	closed   chan struct{} // closed when either end closes the link
	dropped  atomic.Bool   // nothing will be received any more
}

func newMailbox() *mailbox {
	return &mailbox{messages: make(chan Msg, inProcessDepth), urgent: make(chan Msg, inProcessDepth), closed: make(chan struct{})}
}

func (b *mailbox) close() { b.once.Do(func() { close(b.closed) }) }

// discard closes the files of what is in the mailbox.
func (b *mailbox) discard() {
	for {
		select {
		case m := <-b.messages:
			discard(m)
		default:
			return
		}
	}
}

// NewInProcess returns both ends of a link.
func NewInProcess() (a, b *InProcess) {
	there, back := newMailbox(), newMailbox()
	return &InProcess{in: back, out: there}, &InProcess{in: there, out: back}
}

// NewInProcessJournal is NewInProcess with a journal.
func NewInProcessJournal() (a, b *InProcess) {
	a, b = NewInProcess()
	a.journal = newJournal(make([]byte, journalSize))
	b.journal = a.journal
	return a, b
}

// Send is documented with Link.
func (l *InProcess) Send(m Msg) error { return l.put(l.out.messages, m) }

// Reserve is documented with Link. There is nothing to reserve here.
func (l *InProcess) Reserve(int) Msg { return Msg{} }

// Urge is documented with Link.
func (l *InProcess) Urge(m Msg) error { return l.put(l.out.urgent, m) }

func (l *InProcess) put(to chan<- Msg, m Msg) error {
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
		if l.out.dropped.Load() { // the peer may have looked before it came
			l.out.discard()
		}
		return nil
	case <-l.out.closed:
		sent.CloseFiles()
		return ErrClosed
	}
}

// Post is documented with Link. Every message is visible at once here.
func (l *InProcess) Post(m Msg) error { return l.Send(m) }

// Flush is documented with Link. It has nothing to do here.
func (l *InProcess) Flush() error { return nil }

// Heed is documented with Link.
func (l *InProcess) Heed(f func(m Msg, end error)) {
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
func (l *InProcess) Recv() (Msg, error) {
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
func (l *InProcess) Poll() bool {
	select {
	case <-l.in.closed:
		return true
	default:
		return len(l.in.messages) > 0
	}
}

// Journal is documented with Link.
func (l *InProcess) Journal() *Journal { return l.journal }

// Close is documented with Link.
func (l *InProcess) Close() error {
	l.in.close()
	l.out.close()
	return nil
}

// Drop is Close for an end that receives nothing after it: the files of messages that it has not received are closed. After Close
// alone, an end still receives what was sent before.
func (l *InProcess) Drop() {
	l.Close()
	l.in.dropped.Store(true)
	l.in.discard()
}
