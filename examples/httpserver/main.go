// Httpserver is an HTTP service that survives what its clients upload. A decoder as careless as many in C runs in the
// workers of a pool: an upload that makes it crash, panic, overflow the stack or loop for ever costs one worker, which is
// replaced, and its sender gets 422 with the blame. The service, and everybody else's upload, does not notice.
//
// Without arguments it sends itself good and poisoned uploads, shows how they were answered, and ends. To keep it:
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
		workers:   max(4, mp.CPUCount()), // some may be busy with what never ends
		inFlight:  64,
		timeout:   *timeout,
		killDelay: 20 * time.Millisecond,
		log:       log.New(io.Discard, "", 0),
	}
	if *address == "" {
		return demonstrate(ctx, o)
	}
	listener, err := net.Listen("tcp", *address) // in run: a worker has no use for it
	if err != nil {
		return err
	}
	o.log = log.New(os.Stderr, "", log.LstdFlags)
	o.log.Printf("httpserver (pid %d) listens on %v", os.Getpid(), listener.Addr())
	return serve(ctx, listener, o)
}
