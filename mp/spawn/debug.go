package spawn

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// Variables of the environment that a person sets to look into the bootstrap.
const (
	debugVar     = "MP_DEBUG"      // 1: every process prints the steps of its bootstrap; dataloader overwrites returned memory
	debugWaitVar = "MP_DEBUG_WAIT" // the name of a process: it waits for a debugger before it gets ready
)

// debugging is read once: the steps of one process are printed all or not at all.
var debugging = os.Getenv(debugVar) != "" && os.Getenv(debugVar) != "0"

// Debugging reports whether MP_DEBUG is set in the environment of this process.
func Debugging() bool { return debugging }

// step prints one step of the bootstrap, on one line with the pid. It is one write, so that lines of several processes do not
// mix.
func step(format string, args ...any) {
	if debugging {
		fmt.Fprintf(os.Stderr, "mp[%d] %s\n", os.Getpid(), strings.TrimSuffix(fmt.Sprintf(format, args...), "\n"))
	}
}

// waitsForDebugger reports whether a process of that name will wait for a debugger in this environment.
func waitsForDebugger(env []string, name string) bool {
	return slices.Contains(env, debugWaitVar+"="+name)
}

// awaitDebugger waits until a debugger is attached if a person has asked for it; false when the parent ends first.
func awaitDebugger(p *preparation) bool {
	if os.Getenv(debugWaitVar) != p.Name {
		return true
	}
	fmt.Fprintf(os.Stderr, "mp: %s (pid %d) waits for a debugger: dlv attach %d\n", p.Name, os.Getpid(), os.Getpid())
	for {
		traced, known := sys.Traced()
		if !known {
			fmt.Fprintf(os.Stderr, "mp: %s goes on: here it cannot know when one is attached\n", p.Name)
		}
		if traced || !known {
			return true
		}
		if os.Getppid() != p.ParentPid {
			return false
		}
		time.Sleep(50 * time.Millisecond)
	}
}
