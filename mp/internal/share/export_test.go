package share

import "os"

// KeyOf is the key to the door of this process.
func KeyOf(r *Ref) *os.File {
	_ = r.Publish()
	p := r.own.place
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.door.Key().File
}

// NumberOf is the number of an object, as messages have it.
func NumberOf(r *Ref) uint64 { return uint64(r.number) << 32 }

// The kinds of messages about calls and objects.
const (
	KindCancel = kindCancel
	KindGone   = kindGone
)
