//go:build unix

package sys

import "os"

// ChildEnd is a file that is to become a child's: its end of a link or of a pipe, or one that is lent to it.
type ChildEnd struct{ *os.File }

// Lend makes a ChildEnd of a file, which stays the caller's.
func Lend(f *os.File) *ChildEnd { return &ChildEnd{f} }

// Number is the descriptor of the end in a child that inherits it as the i-th one after its standard streams.
func (e *ChildEnd) Number(i int) uintptr { return uintptr(3 + i) }
