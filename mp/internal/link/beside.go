package link

import (
	"encoding/binary"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
)

// Who waits for an answer can receive it himself while the goroutine whose Recv it is sleeps: to be woken by that one would cost as
// much as to be woken by the peer. Recv notices nothing. The peer is told, in the ring, to ring another bell: the one that is
// for who waits for room, which seldom happens and then comes first (crowded).

// Beside reports whether the caller may receive beside Recv, with RecvBeside, which it has to call then. It may not while Recv is
// awake, so that messages keep their order, and while somebody else is beside it.
func (l *Rings) Beside() bool {
	if !l.receiving.TryLock() {
		return false
	}
	if l.closed.Load() || !l.sleeps {
		l.receiving.Unlock()
		return false
	}
	l.beside.Store(true)
	l.in.Rouse()
	return true
}

// RecvBeside hands what comes to handle, one message after the other, until done reports true, which it asks before it sleeps and
// whenever somebody calls Disturb. It returns early when there is something that only Recv can do: a large message, files, the
// end. handle must not block, nor close the link.
func (l *Rings) RecvBeside(done func() bool, handle func(m Msg)) {
	leave := func() bool { return l.closed.Load() || l.crowded.Load() || done() }
	for !leave() {
		ended := l.ended.Load()
		record, ok, err := l.in.Next()
		if err != nil || !ok && ended {
			break
		}
		if !ok {
			if !l.in.Soon() {
				l.sleepBeside(leave)
			}
			continue
		}
		m, ok := l.small(record)
		if !ok {
			break
		}
		handle(m)
	}
	l.beside.Store(false)
	filled := !l.closed.Load() && l.in.Doze(ring.Asleep)
	l.receiving.Unlock()
	if filled {
		l.reads.Ring()
	}
}

// Disturb has who is beside Recv ask whether it is done.
func (l *Rings) Disturb() {
	if l.beside.Load() {
		l.writes.Ring()
	}
}

// sleepBeside waits until there is a record, or leave reports true, unless somebody waits for room.
func (l *Rings) sleepBeside(leave func() bool) {
	if l.waiting.TryLock() {
		defer l.waiting.Unlock()
		_ = l.writes.Wait(func(uintptr) bool { return leave() || l.in.Doze(ring.Beside) }) // or it is closed
	}
}

// small takes a message that is all in its record, and for which nothing else need be waited.
func (l *Rings) small(record []byte) (m Msg, ok bool) {
	if len(record) < recordHead {
		return m, false
	}
	head := [recordHead]byte(record) // once, as in take
	if head[1] != inRecord || binary.LittleEndian.Uint32(head[4:]) != l.heeded {
		return m, false
	}
	m.Kind, m.ID = Kind(head[0]), binary.LittleEndian.Uint64(head[8:])
	l.keep(&m, record[recordHead:])
	l.in.Done()
	return m, true
}

// sleep waits until there is a record for Recv, or the end. l.receiving is held, but not meanwhile.
func (l *Rings) sleep() error {
	l.sleeps = true
	l.receiving.Unlock()
	defer l.receiving.Lock()
	return l.reads.Wait(l.unlessFilled)
}

// sleepUnlessFilled is what Recv asks before it sleeps and when it is woken. It leaves it to who is beside it to say how it is woken
// next: that one does so in the end.
func (l *Rings) sleepUnlessFilled(uintptr) bool {
	if !l.receiving.TryLock() {
		return false
	}
	defer l.receiving.Unlock()
	l.sleeps = !l.closed.Load() && !l.in.Doze(ring.Asleep)
	return !l.sleeps
}

// awaitRoom waits until there is room for a record of n bytes. l.sending is held.
func (l *Rings) awaitRoom(n int) error {
	l.crowded.Store(true)
	defer l.crowded.Store(false)
	l.Disturb()
	l.waiting.Lock()
	defer l.waiting.Unlock()
	if l.out.AwaitRoom(n, false) != nil {
		return ErrClosed
	}
	return nil
}
