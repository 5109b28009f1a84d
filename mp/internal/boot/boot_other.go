//go:build unix && !linux

package boot

import "syscall"

// verifyPeer cannot ask who made the other end of the link: package syscall has no portable way. So a program that runs with
// the rights of its file's owner accepts no link.
func verifyPeer(int) (refusal string) {
	if syscall.Getuid() != syscall.Geteuid() || syscall.Getgid() != syscall.Getegid() {
		return "this program runs with the rights of its file's owner (setuid, setgid), and nobody can tell whether the parent process does too"
	}
	return ""
}
