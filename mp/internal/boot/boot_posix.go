//go:build unix

package boot

import "syscall"

// verify looks, without waiting and without consuming it, for the preamble on the link.
func verify(link uintptr, want [PreambleSize]byte) (refusal string) {
	var got [PreambleSize]byte
	n, _, err := syscall.Recvfrom(int(link), got[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	switch {
	case err != nil:
		return "the descriptor that it names is not a parent's socket (" + err.Error() + ")"
	case n != len(got) || got != want:
		return "the socket that it names does not carry its number"
	}
	return verifyPeer(int(link))
}

func closeOnExec(fd uintptr) { syscall.CloseOnExec(int(fd)) }
