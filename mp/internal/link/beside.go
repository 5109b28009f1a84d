package link

import (
	"encoding/binary"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
)

// A caller waiting for an answer may read the ring itself while the Recv goroutine sleeps. This saves one thread wake-up, and
// Recv notices nothing. A word in the ring tells the peer to ring the caller's bell instead of Recv's. That bell is the one for
// senders waiting for room. They seldom wait, and then they have priority (crowded).

// TryBeside claims the place beside Recv, and reports whether the caller has it. If so, the caller must call RecvBeside. The place
// is not free while Recv is awake, so that messages keep their order, nor while another caller has it.
func (l *Rings) TryBeside() bool {
	if !l.receiving.TryLock() {
		return false
	}
	if l.closed.Load() || !l.sleeps {
		l.receiving.Unlock()
		return false
	}
	l.beside.Store(true)
	l.in.CancelSleep()
	return true
}

// RecvBeside passes each incoming message to handle, until done reports true. It checks done between messages, before it sleeps
// and at every Disturb. It returns early for what only Recv can handle: a large message, files, the end. handle must not block,
// nor close the link.
func (l *Rings) RecvBeside(done func() bool, handle func(m Msg)) {
	over := func() bool { return l.closed.Load() || l.crowded.Load() || done() }
	for !over() {
		ended := l.ended.Load()
		record, ok, err := l.in.Next()
		if err != nil || !ok && ended {
			break
		}
		if !ok {
			if !l.in.SpinForRecord() {
				l.sleepBeside(over)
			}
			continue
		}
		m, ok := l.small(record)
		if !ok {
			break
		}
		handle(m)
	}
	l.leave(l.announceRecv())
}

// announceRecv tells the peer that Recv sleeps, now that the caller beside it leaves. It reports whether there is a record already.
func (l *Rings) announceRecv() (filled bool) {
	l.beside.Store(false)
	l.turnedAway.Store(false) // what woke Recv until now, AnnounceSleep sees
	return !l.closed.Load() && l.in.AnnounceSleep(ring.Asleep)
}

// leave gives the place beside Recv back. Since announceRecv the peer may have rung Recv's bell. Recv could not look then,
// because the place was taken, and is woken again.
func (l *Rings) leave(filled bool) {
	l.receiving.Unlock()
	l.left.Add(1) // before it looks at turnedAway: see sleepUnlessFilled
	if l.turnedAway.Swap(false) || filled {
		l.reads.Ring()
	}
}

// Disturb makes a running RecvBeside check whether it is done.
func (l *Rings) Disturb() {
	if l.beside.Load() {
		l.writes.Ring()
	}
}

// sleepBeside waits until there is a record, or over reports true. It does not wait while a sender waits for room.
func (l *Rings) sleepBeside(over func() bool) {
	if l.waiting.TryLock() {
		defer l.waiting.Unlock()
		_ = l.writes.Wait(func(uintptr) bool { return over() || l.in.AnnounceSleep(ring.Beside) }) // an error: the bell is closed
	}
}

// small takes a message that is entirely in its record and need not wait for an urged one.
func (l *Rings) small(record []byte) (m Msg, ok bool) {
	if len(record) < recordHead {
		return m, false
	}
	head := [recordHead]byte(record) // a copy, as in take
	if head[1] != inRecord || binary.LittleEndian.Uint32(head[4:]) != l.heeded {
		return m, false
	}
	m.Kind, m.ID = Kind(head[0]), binary.LittleEndian.Uint64(head[8:])
	l.keep(&m, record[recordHead:])
	l.in.Done()
	return m, true
}

// sleep waits until there is a record for Recv, or the end. The caller holds l.receiving; sleep releases it while it waits.
func (l *Rings) sleep() error {
	l.sleeps = true
	l.receiving.Unlock()
	defer l.receiving.Lock()
	return l.reads.Wait(l.unlessFilled)
}

// sleepUnlessFilled is the condition of Recv's wait, checked before it sleeps and after every ring of its bell. While a caller
// is beside Recv, Recv sleeps on: RecvBeside announces Recv's sleep again before it returns, and rings if Recv was turned away.
func (l *Rings) sleepUnlessFilled(uintptr) bool {
	for {
		left := l.left.Load()
		if l.receiving.TryLock() {
			break
		}
		l.turnedAway.Store(true)
		// Not TryLock once more: one that fails is in no order with the store, and may see a lock that is free already.
		if l.left.Load() == left { // the caller has yet to count itself, and sees turnedAway after that
			return false
		}
	}
	defer l.receiving.Unlock()
	l.sleeps = !l.closed.Load() && !l.in.AnnounceSleep(ring.Asleep)
	return !l.sleeps
}

// awaitRoom waits until there is room for a record of n bytes. The caller holds l.sending.
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
