// Service is an HTTP server whose requests are answered by other processes.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var Square = mp.Register("square", func(_ context.Context, n int) (int, error) { return n * n, nil })

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	workers, err := mp.NewPool(context.WithoutCancel(ctx), nil)
	if err != nil {
		return err
	}
	defer workers.Close()

	http.HandleFunc("/square", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.FormValue("n"))
		if err != nil {
			http.Error(w, "n is no number", http.StatusBadRequest)
			return
		}
		n, err = mp.Apply(r.Context(), workers, Square, n) // a client that goes away ends its call
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError) // a crash of a worker is an error of one request
			return
		}
		fmt.Fprintln(w, n)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0") // in run: a child has no use for it
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	limit, cancel := context.WithTimeout(context.Background(), 8*time.Second)
	defer cancel()
	return errors.Join(server.Shutdown(limit), workers.Shutdown(limit)) // first those that ask, then those that answer
}
