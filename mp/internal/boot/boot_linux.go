package boot

import "syscall"

// verifyPeer checks that the other end of the link was made by our parent and by our user.
func verifyPeer(link int) (refusal string) {
	peer, err := syscall.GetsockoptUcred(link, syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	switch {
	case err != nil:
		return "the socket that it names has no peer (" + err.Error() + ")"
	case int(peer.Pid) != syscall.Getppid():
		return "the socket that it names does not belong to the parent process, or the parent is gone"
	case int(peer.Uid) != syscall.Getuid() && peer.Uid != 0:
		return "the socket that it names belongs to another user"
	}
	return ""
}
