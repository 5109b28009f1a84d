package share

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// Client is a process that uses objects, as their owner sees it; the owner is one, too.
type Client struct {
	place  *place
	number uint32
	calls  *calls // of the owner itself; nil: the client is another process
	link   link.Link
	out    *outbox
	words  *words // made by the client
	cached *entry // the object that it used last; only its receiving goroutine uses this
}

// Number identifies the client among those of its owner. A number is never 0 and never used again; the owner's is 1.
func (c *Client) Number() uint32 { return c.number }

// Local reports whether the client is the owner itself.
func (c *Client) Local() bool { return c.calls != nil }

// Word returns a word that the client has made for itself and the owner, see Ref.LinkWord; false: there is none.
func (c *Client) Word(i uint32) (Word, bool) { return c.words.word(i) }

// Tell sends a message, with copies of body and files, to the object's Watcher in the client. It does nothing if the client
// is the owner.
func (c *Client) Tell(r *Ref, kind link.Kind, body []byte, files []*os.File) {
	if e := r.entry(); e != nil && !c.Local() {
		c.send(link.Msg{Kind: kind, ID: callID(e.number, 0), Body: body, Files: files})
	}
}

// Break closes the link to a client that breaks the rules. To the client, the owner is gone then.
func (c *Client) Break() {
	if c.link != nil {
		go c.link.Close()
	}
}

// send sends an answer or a message without waiting.
func (c *Client) send(m link.Msg) {
	if c.Local() {
		m.Files, _ = link.Dup(m.Files)
		m.Body = append([]byte(nil), m.Body...)
		c.calls.resolve(m)
		return
	}
	if _, err := c.out.send(m, c.unsent); err != nil {
		c.unsent(err)
	}
}

// unsent breaks with a client that cannot get what it waits for. If the client is gone, the link is not closed here: what
// it sent before is still received.
func (c *Client) unsent(err error) {
	if !errors.Is(err, link.ErrGone) {
		c.Break()
	}
}

// close closes the link once everything was sent, or has failed.
func (c *Client) close() {
	if p, _ := c.out.send(link.Msg{Kind: kindGone}, nil); p != nil {
		<-p.done
	}
	_ = c.link.Flush()
	c.link.Close()
}

// let makes a client of a process that has knocked, and serves it until its link ends.
func (p *place) let(conn *sys.Conn, door *sys.Door) {
	stream := link.NewStream(conn)
	defer stream.Close()
	c, err := p.welcome(stream, door)
	if err == nil {
		p.serve(c, door)
		p.retire(c)
	}
}

// welcome agrees with a client on whether the link has shared memory.
func (p *place) welcome(stream *link.Stream, door *sys.Door) (*Client, error) {
	m, err := stream.Recv()
	if err != nil {
		return nil, err
	}
	defer m.Release()
	defer m.CloseFiles()
	p.mu.Lock()
	known := m.Kind == kindHello && string(m.Body) == string(p.id[:]) && p.door == door
	var page *os.File
	if p.page != nil {
		page = p.page.segment.File()
	}
	if !known {
		p.mu.Unlock()
		return nil, ErrGone
	}
	c := p.newClient(stream)
	p.mu.Unlock()
	answer := link.Msg{Kind: kindWelcome, Body: append(binary.LittleEndian.AppendUint32(nil, c.number), 0)}
	shared := c.accept(&m)
	if shared != nil {
		answer.Body[4] = 1
		if page != nil {
			answer.Files = []*os.File{page}
		}
	}
	if err := stream.Send(answer); err != nil {
		if shared != nil {
			shared.Close()
		}
		p.retire(c)
		return nil, err
	}
	if shared != nil {
		c.link = link.NewRings(stream, shared, false)
	}
	return c, nil
}

// accept opens the shared memory whose files the client has sent; nil: there is none, or it cannot be opened.
func (c *Client) accept(m *link.Msg) *link.Shared {
	if len(m.Files) != link.SharedFiles+1 {
		return nil
	}
	page, err := openWords(m.Files[link.SharedFiles])
	if err != nil {
		return nil
	}
	files := m.Files[:link.SharedFiles]
	m.Files = m.Files[link.SharedFiles:]
	shared, err := link.OpenShared(files)
	if err != nil {
		return nil
	}
	c.words = page
	return shared
}

// serve passes the client's requests to the objects until its link ends.
func (p *place) serve(c *Client, door *sys.Door) {
	defer c.link.Close()
	c.out = newOutbox(c.link)
	c.out.bare = true
	p.mu.Lock()
	if p.door != door {
		p.mu.Unlock()
		return
	}
	p.clients[c] = true
	p.mu.Unlock()
	defer p.left(c)
	c.link.Heed(func(m link.Msg, _ error) { m.CloseFiles(); m.Release() }) // Rings need a Heed; clients urge nothing
	for {
		m, err := c.link.Recv()
		if err == nil {
			err = c.handle(m)
		}
		if err != nil {
			return
		}
		if c.cached != nil && c.cached.rester != nil && !c.link.Poll() {
			c.cached.rester.Rest()
		}
	}
}

// handle gives one message to its object.
func (c *Client) handle(m link.Msg) error {
	defer m.Release()
	number := objectOf(m.ID)
	if last := c.cached; last == nil || last.number != number {
		if last != nil && last.rester != nil {
			last.rester.Rest()
		}
		c.cached = c.place.object(number)
	}
	e := c.cached
	switch {
	case e == nil || e.dropped.Load():
		m.CloseFiles()
		c.cached = nil
		if uint32(m.ID) != 0 && m.Kind != kindCancel {
			c.send(link.Msg{Kind: kindGone, ID: m.ID})
		}
	case m.Kind == kindCancel:
		m.CloseFiles()
		if e.object.Cancel(c, m.ID) {
			c.send(link.Msg{Kind: kindCancelled, ID: m.ID})
		}
	case m.Kind < FirstKind:
		m.CloseFiles()
		return fmt.Errorf("a client sent a message of kind %d", m.Kind)
	default:
		if len(m.Files) > 0 && !takesFiles(e.object, m.Kind) {
			m.CloseFiles()
		}
		e.object.Request(Request{Client: c, ID: m.ID, Op: m.Kind, Body: m.Body, Files: m.Files})
	}
	return nil
}
