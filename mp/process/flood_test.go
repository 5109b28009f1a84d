package process_test

import (
	"bytes"
	"context"
	"os"
	"runtime"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// Flood writes so many MiB to standard error, in lines or without any line end.
var Flood = mp.Register("flood", func(_ context.Context, o flood) (int, error) {
	block := bytes.Repeat([]byte("0123456789abcde."), 1<<16)
	if o.Lines {
		block = bytes.ReplaceAll(block, []byte("."), []byte("\n"))
	}
	for range o.MiB {
		if _, err := os.Stderr.Write(block); err != nil {
			return 0, err
		}
	}
	return o.MiB, nil
})

type flood struct {
	MiB   int
	Lines bool
}

// gauge counts what is written to it, and how much this process kept in memory meanwhile.
type gauge struct {
	bytes, writes int
	kept          uint64
	torn          bool // a write did not end with a line end
}

func (g *gauge) Write(p []byte) (int, error) {
	g.bytes += len(p)
	g.torn = g.torn || p[len(p)-1] != '\n'
	if g.writes++; g.writes%256 == 1 {
		g.kept = max(g.kept, kept())
	}
	return len(p), nil
}

// kept returns the bytes of the heap that are in use. It collects the garbage first, so that garbage does not count.
func kept() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A gigabyte of standard error, with lines or without, neither blocks the child nor stays in the memory of the parent.
func TestFlood(t *testing.T) {
	leak.Check(t)
	size := 1 << 10
	if testing.Short() || prog.Wine() { // a gigabyte takes 12 seconds through Wine's pipe
		size = 1 << 6
	}
	for _, lines := range []bool{true, false} {
		var g gauge
		before := kept()
		p, err := mp.Start(t.Context(), Flood, flood{MiB: size, Lines: lines}, &mp.ProcessOptions{Stderr: &g})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := p.Result(t.Context()); n != size || err != nil {
			t.Errorf("the child has written %d MiB: %v", n, err)
		}
		if g.bytes != size<<20 {
			t.Errorf("%d of %d bytes arrived", g.bytes, size<<20)
		}
		if lines && g.torn {
			t.Error("a line was passed on in parts")
		}
		if grown := int64(g.kept) - int64(before); grown > 4<<20 {
			t.Errorf("%d KiB more were kept", grown>>10)
		}
	}
}
