package spawn

import (
	"fmt"
	"strings"
)

// races are the children that ended as the race detector makes them do. TestMain tells of them, because nobody may look at their
// errors: a worker reports its races when its pool closes, and most tests say defer workers.Close(). The mutex of children
// guards them.
var races struct {
	first []string
	more  int
}

// mostRaces is how many are told by name.
const mostRaces = 8

// noteRace notes a child, which has ended, if the race detector found something in it. In a program that is not built with -race,
// code 66 is the program's own.
func (c *Child) noteRace() {
	if !raceBuilt || c.popen.ExitCode() != raceExitCode {
		return
	}
	children.Lock()
	defer children.Unlock()
	if len(races.first) < mostRaces {
		races.first = append(races.first, fmt.Sprintf("%s (pid %d)", c.name, c.Pid()))
	} else {
		races.more++
	}
}

// raceReport is what TestMain prints of races in children; empty when there are none.
func raceReport() string {
	children.Lock()
	defer children.Unlock()
	if len(races.first) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "mp: the race detector has reported data races (WARNING: DATA RACE) in child processes, which therefore exited with code %d:\n", raceExitCode)
	for _, name := range races.first {
		fmt.Fprintf(&b, "\t%s\n", name)
	}
	if races.more > 0 {
		fmt.Fprintf(&b, "\tand %d more\n", races.more)
	}
	return b.String()
}
