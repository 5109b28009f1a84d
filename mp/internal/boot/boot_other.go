//go:build unix && !linux

package boot

import "syscall"

// verifyPeer has little to add to the preamble here: package syscall has no portable way to ask for the peer. So a program
// that runs with the rights of its file's owner believes nobody.
func verifyPeer(int) (refusal string) {
	if syscall.Getuid() != syscall.Geteuid() || syscall.Getgid() != syscall.Getegid() {
		return "this program runs with the rights of its file's owner (setuid, setgid), and nobody can tell whether the parent process does too"
	}
	return ""
}
