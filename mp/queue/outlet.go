package queue

import (
	"context"
	"os"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

// outlet takes the items that a process puts to the owner. Once there are many, it has a ring in shared memory for items
// that are small and have no files; the owner reads it by itself. The others go over the link. An item in the ring says how
// many items went over the link before it, and the owner takes it in after those.
type outlet struct {
	turn chan struct{} // held to send over the link, so that items go in the order of linked

	mu      sync.Mutex
	ring    *ring.Writer // nil: there is none
	segment *shm.Segment
	linked  uint32 // how many items went over the link
	small   int    // of those, how many were small: there was no ring
	told    uint64 // how far the ring was written when the owner was told last
	gone    bool   // the owner is gone
}

const (
	// ringAfter is how many small items a process puts before it gets a ring.
	ringAfter = 64
	// ringCapacity and ringSize are of a ring, in bytes.
	ringCapacity = 256 << 10
	ringSize     = ringCapacity + ring.Overhead
	// mostInRing is the largest item that goes through it.
	mostInRing = 8 << 10
)

func small(data []byte, files []*os.File) bool { return len(files) == 0 && len(data) <= mostInRing }

// way is what became of an item that was to go through the ring.
type way int

const (
	byRing   way = iota // it is in the queue
	byLink              // there is no ring for it
	noRoom              // there is no room in the queue
	ringFull            // the owner has to look first
)

// write puts an item into the ring. It tells the owner if that has asked for it, or has much to read.
func (o *outlet) write(r *remote, ref *share.Ref, data []byte, files []*os.File) way {
	w, tell := o.try(r, data, files)
	if tell {
		ref.Post(opLook, nil)
	}
	return w
}

func (o *outlet) try(r *remote, data []byte, files []*os.File) (w way, tell bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ring == nil || !small(data, files) {
		return byLink, false
	}
	switch fits, err := o.ring.Fits(len(data)); {
	case err != nil: // the owner has damaged the ring
		o.ring = nil
		return byLink, false
	case !fits:
		return ringFull, false
	case !r.useRoom():
		return noRoom, false
	}
	o.ring.WriteTagged(o.linked, data)
	tell = o.ring.TakeWake()
	if at := o.ring.At(); at-o.told > ringCapacity/2 {
		if unread := o.ring.Unread(); unread > ringCapacity/2 {
			o.told, tell = at, true
		} else {
			o.told = at - unread
		}
	}
	return byRing, tell
}

// useRoom uses room that the broker has granted ahead, if there is any.
func (r *remote) useRoom() bool {
	if r.used.Uint64 == nil {
		return false
	}
	for {
		used := r.used.Load()
		if used >= r.limit.Load() {
			return false
		}
		if r.used.CompareAndSwap(used, used+1) {
			return true
		}
	}
}

// send sends an item over the link. granted: the broker has granted room for it. Otherwise send uses room that was granted
// ahead, or reports noRoom.
func (o *outlet) send(ctx context.Context, r *remote, ref *share.Ref, data []byte, files []*os.File, granted bool) (way, error) {
	unroom := func() { ref.Post(opUnroom, nil) }
	select {
	case o.turn <- struct{}{}:
	case <-ctx.Done():
		if granted {
			unroom()
		}
		return byLink, ended(ctx)
	}
	defer func() { <-o.turn }()
	if !granted && !r.useRoom() {
		return noRoom, nil
	}
	o.mu.Lock()
	o.linked++
	linked := o.linked
	if small(data, files) {
		if o.small++; o.small == ringAfter && r.used.Uint64 != nil {
			go o.open(ref)
		}
	}
	o.mu.Unlock()
	err := ref.Send(ctx, opPut, data, files, unroom)
	if err != nil {
		if err != share.ErrUnderWay {
			unroom()
		}
		ref.Post(opLinked, numbered(uint64(linked)))
	}
	return byLink, shareError(ctx, err)
}

// open makes the ring, if it can be had.
func (o *outlet) open(ref *share.Ref) {
	segment, err := shm.New(ringSize)
	if err != nil {
		return
	}
	m, err := ref.Call(context.Background(), opRing, nil, []*os.File{segment.File()}, nil)
	m.CloseFiles()
	m.Release()
	segment.CloseFile()
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil || m.Kind != ansYes || o.gone {
		segment.Close()
		return
	}
	o.segment, o.ring = segment, ring.NewWriter(segment.Bytes(), nil, nil)
}

// close is called when the owner is gone.
func (o *outlet) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.gone, o.ring = true, nil
	if o.segment != nil {
		o.segment.Close()
	}
}
