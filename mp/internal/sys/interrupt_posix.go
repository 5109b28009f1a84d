//go:build unix && (!linux || mips || mipsle || mips64 || mips64le)

package sys

import (
	"os"
	"os/signal"
)

// HoldInterrupt makes this process ignore SIGINT until release is called, which restores what was there before.
func HoldInterrupt() (release func()) {
	dropped := make(chan os.Signal, 1)
	signal.Notify(dropped, os.Interrupt)
	return func() { signal.Stop(dropped) }
}
