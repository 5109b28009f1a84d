package connection

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"syscall"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

const (
	pipeNetwork = "pipe"
	pipePrefix  = `\\.\pipe\`
	// longestPath is the longest path of a Unix socket that the system accepts.
	longestPath = len(syscall.RawSockaddrUnix{}.Path) - 1
)

// resolve replaces an empty network or address by the default, and refuses those that this system does not have.
func resolve(network, address string, listening bool) (string, string, error) {
	windows := runtime.GOOS == "windows"
	if network == "" {
		network = "unix"
		if windows {
			network = pipeNetwork
		}
	}
	switch network {
	case "unix":
		switch {
		case address == "" && !listening:
			return "", "", fmt.Errorf("there is no address to dial")
		case address == "" && runtime.GOOS == "linux":
			address = fmt.Sprintf("@mp-%016x%016x", rand.Uint64(), rand.Uint64())
		case address == "":
			return "", "", fmt.Errorf("%w: this system has no Unix sockets without a path: give one", spawn.ErrUnsupported)
		case strings.HasPrefix(address, pipePrefix):
			return "", "", fmt.Errorf("%w: %s names a Windows pipe, not a Unix socket", spawn.ErrUnsupported, address)
		case strings.HasPrefix(address, "@") && runtime.GOOS != "linux":
			return "", "", fmt.Errorf("%w: only Linux has abstract Unix sockets, such as %s: give a path", spawn.ErrUnsupported, address)
		case len(address) > longestPath:
			return "", "", fmt.Errorf("the path of a Unix socket has at most %d bytes, and this one %d: choose a shorter one, or on Linux none", longestPath, len(address))
		}
	case "tcp", "tcp4", "tcp6":
		if address == "" && listening {
			address = "localhost:0"
		}
	case pipeNetwork:
		switch {
		case !windows:
			return "", "", fmt.Errorf("%w: named pipes are Windows': use unix here", spawn.ErrUnsupported)
		case address == "" && listening:
			address = fmt.Sprintf(pipePrefix+"mp-%016x%016x", rand.Uint64(), rand.Uint64())
		case !strings.HasPrefix(address, pipePrefix):
			return "", "", fmt.Errorf("the name of a pipe begins with %s, and %q does not", pipePrefix, address)
		}
	default:
		return "", "", fmt.Errorf("%w: the network %q: it is unix, tcp, tcp4, tcp6 or pipe", spawn.ErrUnsupported, network)
	}
	return network, address, nil
}
