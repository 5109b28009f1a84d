//go:build cgo && native

package main

/*
#include <unistd.h>

static int null_pointer(void) {
	volatile int *nowhere = 0;
	return *nowhere;
}

static void endless(void) {
	for (volatile unsigned n = 0;; n++) {
	}
}

// The sum so far is a global, as the state of many a library is: one caller at a time.
static volatile long sum;

static long add_up(int to) {
	sum = 0;
	for (int n = 1; n <= to; n++) {
		usleep(100);
		sum += n;
	}
	return sum;
}
*/
import "C"

import (
	"context"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// nothing is the argument, or the result, of a function that has none.
type nothing = struct{}

// What the processes run. C code does not look at a ctx: only the end of its process stops it.
var (
	NullPointer = mp.Register("native.nullPointer", func(context.Context, nothing) (int, error) { return int(C.null_pointer()), nil })
	Endless     = mp.Register("native.endless", func(context.Context, nothing) (nothing, error) { C.endless(); return nothing{}, nil })
	AddUp       = mp.Register("native.addUp", func(_ context.Context, to int) (int, error) { return addUp(to), nil })
)

func addUp(to int) int { return int(C.add_up(C.int(to))) }
