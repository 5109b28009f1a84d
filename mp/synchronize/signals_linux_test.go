package synchronize_test

import (
	"os"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

// signals returns which signals this process blocks, ignores and catches.
func signals(t *testing.T) (all string) {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "SigBlk") || strings.HasPrefix(line, "SigIgn") || strings.HasPrefix(line, "SigCgt") {
			all += line
		}
	}
	return all
}

// Unlike Python, this library has no process that cleans up after others. Making, sending and using an object does not change
// which signals this process blocks, ignores and catches. PY-TRACK-05
func TestSignalsStay(t *testing.T) {
	leak.Check(t)
	before := signals(t)
	e := made(synchronize.NewEvent())(t)
	ends(t, start(t, kit{How: "set", Event: e}))
	if err := e.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if after := signals(t); after != before || before == "" {
		t.Errorf("\n%sbecame\n%s", before, after)
	}
}
