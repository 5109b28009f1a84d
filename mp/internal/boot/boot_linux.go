package boot

import "syscall"

// verifyPeer checks that our parent made the other end of the link, and with the user and group that we run as: otherwise any
// user could control a setuid program by a link of their own. The kernel does not tell the capabilities of a peer, so a
// program whose file has capabilities accepts a link of root only.
func verifyPeer(link int) (refusal string) {
	peer, err := syscall.GetsockoptUcred(link, syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	switch {
	case err != nil:
		return "the socket that it names has no peer (" + err.Error() + ")"
	case int(peer.Pid) != syscall.Getppid():
		return "the socket that it names does not belong to the parent process, or the parent is gone"
	case peer.Uid == 0:
		return ""
	case int(peer.Uid) != syscall.Geteuid() || int(peer.Gid) != syscall.Getegid():
		return "the socket that it names belongs to another user or group than this program runs as"
	case secure() && syscall.Getuid() == syscall.Geteuid() && syscall.Getgid() == syscall.Getegid():
		return "this program's file has capabilities, and whether the parent process has them too cannot be known; give the program ambient ones instead"
	}
	return ""
}
