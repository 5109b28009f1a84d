//go:build race

package ring_test

// raced says that the race detector slows this down, and the start of processes above all.
const raced = true
