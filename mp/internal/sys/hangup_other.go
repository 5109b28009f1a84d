//go:build !linux

package sys

// AwaitHangup is for connections over shared memory, which there are none of here.
func (c *Conn) AwaitHangup() {}
