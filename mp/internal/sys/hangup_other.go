//go:build !linux

package sys

// AwaitHangup is for connections over shared memory, which do not exist here.
func (c *Conn) AwaitHangup() {}
