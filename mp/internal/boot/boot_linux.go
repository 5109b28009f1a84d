package boot

import "syscall"

// verifyPeer checks that the other end of the link was made by our parent, and by our user: with the rights that we run
// with, so that nobody steers a setuid program by a link of his own. Capabilities of a file are rights that the kernel
// does not tell of a peer: a program that has them believes root only.
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
