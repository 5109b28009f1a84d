// Native calls C in other processes, where what C does wrong ends a child and not the program: a null pointer, a loop
// without end, and a library with a global variable that is right only when one thread at a time is in it.
//
// It needs a C compiler, so it stands behind a build tag:
//
//	go run -tags native ./examples/native
package main

import "github.com/go-multiprocessing/multiprocessing/mp"

func main() { mp.Main(run) }
