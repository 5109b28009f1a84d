// Package boot decides, before any other code of the program can run, whether this process is a child that a parent
// of the same program started, and whether it may already start processes itself.
//
// It imports syscall, sync/atomic and unsafe only. Go initialises packages in the order of their import paths as soon as their
// imports are ready, so boot is ready before os/exec can be: no user code can pass the marker on to a program of its own.
package boot

import (
	"sync/atomic"
	"syscall"
)

// marker is the environment variable that tells a child where it finds its link. It says nothing else: whatever the
// child needs to know travels over the link, where other users cannot read it.
const marker = "MP_SPAWN"

// PreambleSize is the number of bytes that a parent writes to the link before the child exists, and that the child
// finds there without waiting. They prove that the marker is neither left over nor forged.
const PreambleSize = 16

// Phases of a process. Every process begins in bootstrapping; Python calls a child's part of it "inheriting".
const (
	bootstrapping = iota
	entered
	running
)

var (
	phase   atomic.Int32
	child   bool
	refusal string
	linkFD  uintptr
	crashFD uintptr
)

func init() {
	value, found := syscall.Getenv(marker)
	if !found {
		return
	}
	syscall.Unsetenv(marker)
	link, crash, nonce, ok := parseMarker(value)
	if !ok {
		refusal = "it is not of the form that a parent writes"
		return
	}
	if refusal = verify(link, preamble(nonce)); refusal != "" {
		return
	}
	closeOnExec(link)
	closeOnExec(crash)
	child, linkFD, crashFD = true, link, crash
}

// Child reports whether a parent of the same program started this process.
func Child() bool { return child }

// Inheriting reports whether this is a child that has not finished its bootstrapping phase, as _inheriting does in
// Python.
func Inheriting() bool { return child && phase.Load() != running }

// Refusal says why the marker in the environment was not believed; empty when there was none or it was genuine.
func Refusal() string { return refusal }

// Marker is the name of the environment variable, for messages.
func Marker() string { return marker }

// LinkFD and CrashFD are the descriptors (handles on Windows) that a child inherited: its end of the link, and the
// pipe for the dump of a fatal error.
func LinkFD() uintptr { return linkFD }

// CrashFD is documented with LinkFD.
func CrashFD() uintptr { return crashFD }

// Enter notes that main reached the entry point; from here on nothing may be registered. It reports false when main
// had done so before.
func Enter() bool { return phase.CompareAndSwap(bootstrapping, entered) }

// Entered reports whether main reached the entry point.
func Entered() bool { return phase.Load() != bootstrapping }

// Finish ends the bootstrapping phase: from here on the process may start processes.
func Finish() { phase.Store(running) }

// Finished reports whether the bootstrapping phase has ended.
func Finished() bool { return phase.Load() == running }

// Environ is the marker as a parent puts it into a child's environment.
func Environ(link, crash uintptr, nonce uint64) string {
	b := []byte(marker + "=")
	b = appendUint(b, uint64(link))
	b = append(b, ',')
	b = appendUint(b, uint64(crash))
	b = append(b, ',')
	b = appendUint(b, nonce)
	return string(b)
}

// Preamble is what the parent writes to the link before the child exists.
func Preamble(nonce uint64) []byte {
	p := preamble(nonce)
	return p[:]
}

func preamble(nonce uint64) (p [PreambleSize]byte) {
	copy(p[:], "mp-spawn")
	for i := range 8 {
		p[8+i] = byte(nonce >> (8 * i))
	}
	return p
}
