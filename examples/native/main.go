// Native calls C in other processes, so that a fault in the C code ends a child and not the program. It shows a null
// pointer, an endless loop, and a library with a global variable, which works only for one thread at a time.
//
// It needs a C compiler, so it stands behind a build tag:
//
//	go run -tags native ./examples/native
package main

import "github.com/go-multiprocessing/multiprocessing/mp"

func main() { mp.Main(run) }
