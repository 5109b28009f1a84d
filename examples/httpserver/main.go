// Httpserver is an HTTP service that survives what its clients upload. Its decoder, as careless as many in C, runs in the
// workers of a pool. An upload that makes the decoder panic costs nothing; one that makes it crash, overflow the stack or
// loop for ever costs one worker, which is replaced. The sender gets 422 and the cause. The service goes on, and so do the
// uploads of other clients.
//
// Without arguments it sends itself good and poisoned uploads, prints how they were answered, and ends. To keep it running:
//
//	go run ./examples/httpserver -listen 127.0.0.1:8080
//	printf 'TPIC?\0\0' | curl --data-binary @- http://127.0.0.1:8080/decode/endless
package main

import (
	"context"
	"flag"
	"io"
	"log"
	"net"
	"os"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

func main() { mp.MainContext(run) }

// run's ctx ends at Ctrl-C and at SIGTERM.
func run(ctx context.Context) error {
	address := flag.String("listen", "", "serve at this `address` until Ctrl-C, and do not demonstrate anything")
	timeout := flag.Duration("timeout", 500*time.Millisecond, "the `time` for one upload, of microseconds as a rule")
	flag.Parse()
	o := options{
		workers:   max(4, mp.CPUCount()), // some may be busy with uploads that never end
		inFlight:  64,
		timeout:   *timeout,
		killDelay: 20 * time.Millisecond,
		log:       log.New(io.Discard, "", 0),
	}
	if *address == "" {
		return demonstrate(ctx, o)
	}
	listener, err := net.Listen("tcp", *address) // in run and not in main, as a worker needs no listener
	if err != nil {
		return err
	}
	o.log = log.New(os.Stderr, "", log.LstdFlags)
	o.log.Printf("httpserver (pid %d) listens on %v", os.Getpid(), listener.Addr())
	return serve(ctx, listener, o)
}
