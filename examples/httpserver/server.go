package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

const (
	maxUpload = 1 << 20          // bytes
	maxStack  = 1 << 20          // bytes: plenty for the decoder, and soon full in an endless recursion
	farewell  = 8 * time.Second  // for the requests in flight when the service stops
	patience  = 10 * time.Second // for a client to send its request
)

type options struct {
	workers   int
	inFlight  int           // more uploads at a time are refused: 503
	timeout   time.Duration // of one decode; it counts from when a worker begins it
	killDelay time.Duration // from a decode's timeout, or its client's departure, to the kill of its worker
	log       *log.Logger   // gets what clients are not told
}

// serve answers requests until ctx ends. Then it finishes those that are in flight.
func serve(ctx context.Context, listener net.Listener, o options) error {
	pool, err := mp.NewPool(context.WithoutCancel(ctx), &mp.PoolOptions{ // the pool outlives ctx, for the requests in flight
		Workers: o.workers, Init: LimitStack.With(maxStack), TaskTimeout: o.timeout, KillDelay: o.killDelay,
		Stderr: io.Discard, // the error of a worker that dies keeps what the worker wrote
	})
	if err != nil {
		listener.Close()
		return err
	}
	defer pool.Close()
	s := &service{pool: pool, slots: make(chan struct{}, o.inFlight), log: o.log}
	server := &http.Server{Handler: s.routes(), ReadTimeout: patience, ErrorLog: o.log}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	limit, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	return errors.Join(server.Shutdown(limit), pool.Shutdown(limit)) // first the server, which uses the pool
}

type service struct {
	pool  *mp.Pool
	slots chan struct{} // holds one for each upload in flight
	log   *log.Logger
}

func (s *service) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /decode/{name}", s.decode)
	mux.HandleFunc("GET /status", s.status)
	return mux
}

// Blame is the body of every refusal: enough for the sender to find its mistake. The stack, and the names and pids of our
// processes, are for the log.
type Blame struct {
	Item  string // the upload
	Cause string // what the upload did to the decoder (fatal, deadline, signal, panic, …), or why it was not decoded
	Said  string // the message of the panic, the fatal error or the refusal
}

func (s *service) decode(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	select { // before the body is read, so that the bodies of many clients cannot fill the memory
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		w.Header().Set("Retry-After", "1")
		reply(w, http.StatusServiceUnavailable, Blame{name, "busy", "too many uploads at a time"})
		return
	}
	file, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUpload))
	if err != nil {
		status := http.StatusBadRequest
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			status = http.StatusRequestEntityTooLarge
		}
		reply(w, status, Blame{name, "upload", err.Error()})
		return
	}
	picture, err := mp.Apply(r.Context(), s.pool, Decode, file) // a client that goes away ends its call
	if err == nil {
		reply(w, http.StatusOK, picture)
		return
	}
	s.log.Printf("%s: %v", name, err)
	status, cause, said := judge(err)
	reply(w, status, Blame{name, cause, said})
}

// judge says whose fault an error is, the upload's or the service's, and what its sender is told.
func judge(err error) (status int, cause, said string) {
	if exit, ok := errors.AsType[*mp.ExitError](err); ok {
		said, _, _ = strings.Cut(strings.TrimSpace(exit.Stack), "\n")
		if exit.Err != nil { // the pool killed the worker, for this reason
			said = exit.Err.Error()
		}
		return http.StatusUnprocessableEntity, string(exit.Cause), said
	}
	if remote, ok := errors.AsType[*mp.RemoteError](err); ok {
		if remote.Panic {
			return http.StatusUnprocessableEntity, "panic", remote.Message
		}
		return http.StatusBadRequest, "error", remote.Message // the decoder has refused the upload, as it should
	}
	return http.StatusServiceUnavailable, "stopped", "the upload was not decoded" // the service is stopping, or the client has gone
}

// Status is the body of GET /status.
type Status struct {
	Pid  int
	Pool mp.PoolStats
}

func (s *service) status(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, Status{os.Getpid(), s.pool.Stats()})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body) // an error means that the client has gone
}
