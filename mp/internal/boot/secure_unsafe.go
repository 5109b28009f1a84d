//go:build linux

package boot

import _ "unsafe" // for go:linkname

// secure reports whether the kernel gave this program rights that its parent may not have (AT_SECURE): the file is setuid or
// setgid, or has capabilities.
func secure() bool {
	const atSecure = 23
	auxv := getAuxv()
	for i := 0; i+1 < len(auxv); i += 2 {
		if auxv[i] == atSecure {
			return auxv[i+1] != 0
		}
	}
	return false
}

// The runtime keeps this for golang.org/x/sys, which boot must not import.
//
//go:linkname getAuxv runtime.getAuxv
func getAuxv() []uintptr
