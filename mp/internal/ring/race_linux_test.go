//go:build race

package ring_test

// raced says that the race detector slows this test down, above all the start of processes.
const raced = true
