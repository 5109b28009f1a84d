package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// Die is the function that the processes run.
var Die = mp.Register("crash.die", func(_ context.Context, way int) (int, error) { return ways[way].die() })

var ways = []struct {
	name string
	die  func() (int, error)
}{
	{"a returned error", failed},
	{"a panic", func() (int, error) { return outOfRange(nil), nil }},
	{"a panic in a goroutine", func() (int, error) { go nilMap(nil); select {} }},
	{"concurrent map writes, which recover cannot catch", concurrentWrites},
	{"a stack overflow, which recover cannot catch", func() (int, error) { debug.SetMaxStack(16 << 20); return deeper(0), nil }},
	{"os.Exit(7)", exit},
	{"kill -9", killed},
}

func failed() (int, error)       { _, err := os.Stat("no/such/file"); return 0, err }
func outOfRange(items []int) int { return items[3] }
func nilMap(m map[string]int)    { m["x"] = 1 }

//lint:ignore SA5007 that it never ends is the point
func deeper(n int) int { return deeper(n+1) + 1 }

func concurrentWrites() (int, error) {
	shared := map[int]int{}
	go writeForEver(shared)
	go writeForEver(shared)
	select {}
}

func writeForEver(m map[int]int) {
	for i := 0; ; i++ {
		m[i%8] = i
	}
}

func exit() (int, error) {
	fmt.Fprintln(os.Stderr, "leaving: the licence has expired")
	os.Exit(7)
	return 0, nil
}

func killed() (int, error) {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	return 0, err
}
